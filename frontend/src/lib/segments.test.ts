import { describe, expect, it } from "vitest";

import { countSegments } from "./segments";

describe("countSegments", () => {
  it.each([
    ["nothing", "", "GSM-7", 0, 0],
    ["one letter", "a", "GSM-7", 1, 1],
    ["160 characters", "a".repeat(160), "GSM-7", 160, 1],
    ["161 characters", "a".repeat(161), "GSM-7", 161, 2],
    ["two full parts", "a".repeat(306), "GSM-7", 306, 2],
    ["one more than two parts", "a".repeat(307), "GSM-7", 307, 3],
    ["80 euro signs, two each", "€".repeat(80), "GSM-7", 160, 1],
    ["81 euro signs", "€".repeat(81), "GSM-7", 162, 2],
    ["153 euro signs: never split across parts", "€".repeat(153), "GSM-7", 306, 3],
    ["every extension character", "^{}\\[~]|€\f", "GSM-7", 20, 1],
    ["a capital cedilla", "Ç", "GSM-7", 1, 1],
    ["a small cedilla", "ç", "UCS-2", 1, 1],
    ["a backtick", "`", "UCS-2", 1, 1],
    ["a tab", "\t", "UCS-2", 1, 1],
    ["a no-break space", "\u00a0", "UCS-2", 1, 1],
    ["a Māori macron", "Kia ora, Māori", "UCS-2", 14, 1],
    ["line breaks", "a\nb\r\n", "GSM-7", 5, 1],
    ["Greek capitals of the plain alphabet", "ΔΦΓΛΩΠΨΣΘΞ", "GSM-7", 10, 1],
    ["70 units", "ā".repeat(70), "UCS-2", 70, 1],
    ["71 units", "ā".repeat(71), "UCS-2", 71, 2],
    ["two full parts of UCS-2", "ā".repeat(134), "UCS-2", 134, 2],
    ["one more than two parts of UCS-2", "ā".repeat(135), "UCS-2", 135, 3],
    ["35 emoji, two units each", "🤒".repeat(35), "UCS-2", 70, 1],
    ["67 emoji: a pair is never split", "🤒".repeat(67), "UCS-2", 134, 3],
    ["66 emoji fill two parts", "🤒".repeat(66), "UCS-2", 132, 2],
  ])("%s", (_, text, encoding, units, segments) => {
    expect(countSegments(text)).toMatchObject({ encoding, units, segments });
  });

  it("says what would still fit", () => {
    expect(countSegments("a").capacity).toBe(160);
    expect(countSegments("a".repeat(161)).capacity).toBe(306);
    expect(countSegments("ā").capacity).toBe(70);
  });

  it("names the characters that made it longer, each once", () => {
    expect(countSegments("ç ç 🤒").culprits).toEqual(["ç", "🤒"]);
  });
});
