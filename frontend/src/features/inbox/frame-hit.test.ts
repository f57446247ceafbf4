import { describe, expect, it } from "vitest";

import { frameHit } from "./frame-hit";

const frame = (text: string, word: string) => {
  const start = text.indexOf(word);
  const framed = frameHit({ text, highlights: [{ start, end: start + word.length }], cut_before: false, cut_after: false });
  const [hit] = framed.highlights;
  return { ...framed, marked: framed.text.slice(hit?.start, hit?.end), at: hit?.start ?? -1 };
};

describe("the snippet of a search result", () => {
  it("is left alone when the hit is near its beginning", () => {
    expect(frame("Is the tumbling class on?", "tumbling")).toMatchObject({ text: "Is the tumbling class on?", cut_before: false });
  });

  it("begins a few words before a hit that would be out of sight", () => {
    const long = `${"We had such a lovely time at the show. ".repeat(3)}Is the tumbling class on?`;
    expect(frame(long, "tumbling")).toMatchObject({ text: "at the show. Is the tumbling class on?", marked: "tumbling", cut_before: true });
  });

  it("cuts a text without spaces too", () => {
    const { marked, at } = frame(`${"x".repeat(90)}tumbling`, "tumbling");
    expect(marked).toBe("tumbling");
    expect(at).toBeLessThan(40);
  });
});
