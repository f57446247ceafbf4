import { describe, expect, it } from "vitest";

import { matchTapbacks, readTapback } from "./tapbacks";
import { aFile, aMessage } from "@/testing/builders";

describe("a reaction is read from the text that a phone sends", () => {
  it.each([
    ["Liked “See you at 6”", "👍", false],
    ["Loved “See you at 6”", "❤️", false],
    ["Disliked “See you at 6”", "👎", false],
    ["Laughed at “See you at 6”", "😂", false],
    ["Emphasized “See you at 6”", "‼️", false],
    ["Questioned “See you at 6”", "❓", false],
    ['liked "See you at 6"', "👍", false],
    ["Removed a like from “See you at 6”", "👍", true],
    ["Removed a heart from “See you at 6”", "❤️", true],
    ["Removed an exclamation from “See you at 6”", "‼️", true],
    ["Reacted 🎉 to “See you at 6”", "🎉", false],
    ["Removed 🎉 from “See you at 6”", "🎉", true],
    ["👍 to “See you at 6”", "👍", false],
    ["\u200A\u200B👍\u200B to “\u200ASee you at 6\u200A”", "👍", false],
    ["👨‍👩‍👧 to “See you at 6”", "👨‍👩‍👧", false],
    ["❤️ to “See you at 6”", "❤️", false],
    ["Le gustó “See you at 6”", "👍", false],
    ["A adoré « See you at 6 »", "❤️", false],
  ])("%s", (body, emoji, removed) => {
    expect(readTapback(body)).toEqual({ emoji, removed, quote: "See you at 6" });
  });

  it("of a picture, too", () => {
    expect(readTapback("Loved an image")).toEqual({ emoji: "❤️", removed: false, quote: null });
  });

  it.each([
    "See you at 6",
    "She said “See you at 6”",
    "Liked it",
    "Liked “See you at 6” and so do I",
    "5 to “six”",
    "Loved an evening",
    "",
    `Liked “${"x".repeat(3_000)}”`,
  ])("%s is a text like any other", (body) => {
    expect(readTapback(body)).toBeNull();
  });

  it("from hostile texts in no time", () => {
    const started = performance.now();
    for (const body of ["“".repeat(1_900), `Reacted ${"👍‍".repeat(600)} to “x”`, `${" ".repeat(1_900)}“`, `${"a ".repeat(900)}an image`]) readTapback(body);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe("a reaction belongs to the newest message that it quotes", () => {
  const thread = (...messages: Parameters<typeof aMessage>[0][]) => messages.map((message, index) => aMessage({ seq: index + 1, ...message }));

  it("and is folded", () => {
    const messages = thread(
      { direction: "outbound", body: "See you at 6" },
      { direction: "outbound", body: "See you at 6" },
      { body: "Liked “See you at 6”" },
    );
    const { on, folded } = matchTapbacks(messages);
    expect([...on]).toEqual([[messages[1]?.id, ["👍"]]]);
    expect([...folded.keys()]).toEqual([messages[2]?.id]);
  });

  it("also when the quote was cut, and spaces differ", () => {
    const body = "The schedule for the summer camp\nis on our site now";
    const messages = thread({ direction: "outbound", body }, { body: "Loved “The schedule for the summer camp is…”" });
    expect(matchTapbacks(messages).on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
  });

  it("and is taken back", () => {
    const messages = thread(
      { direction: "outbound", body: "See you at 6" },
      { body: "Liked “See you at 6”" },
      { body: "Loved “See you at 6”" },
      { body: "Removed a like from “See you at 6”" },
    );
    const { on, folded } = matchTapbacks(messages);
    expect(on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
    expect(folded.size).toBe(3);
  });

  it("or to the newest picture", () => {
    const messages = thread({ direction: "outbound", body: "", media: [aFile()] }, { body: "Loved an image" });
    expect(matchTapbacks(messages).on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
  });

  it("and stays an ordinary text if nothing matches, if it comes first, or if we wrote it", () => {
    const messages = thread(
      { body: "Liked “See you at 6”" },
      { direction: "outbound", body: "See you at 6" },
      { direction: "outbound", body: "Liked “See you at 6”" },
      { body: "Liked “Another”" },
      { body: "Liked “S…”" },
    );
    expect(matchTapbacks(messages).folded.size).toBe(0);
  });
});
