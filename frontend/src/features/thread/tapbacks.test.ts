import { describe, expect, it } from "vitest";

import { matchTapbacks } from "./tapbacks";
import { aFile, aMessage } from "@/testing/builders";
import type { Message } from "@/api/types";

/** As the API reads a text. */
function reaction(emoji: string, quote: string | null, more: Partial<NonNullable<Message["reaction"]>> = {}): Pick<Message, "reaction"> {
  return { reaction: { emoji, quote, removed: false, message_id: null, ...more } };
}

describe("a reaction that the API has placed", () => {
  it("is folded, whether its message is loaded or not, and shown on it", () => {
    const old = aMessage({ seq: 1, direction: "outbound", body: "See you at 6", reactions: ["👍"] });
    const text = aMessage({ seq: 90, body: "Liked “See you at 6”", ...reaction("👍", "See you at 6", { message_id: old.id }) });
    expect(matchTapbacks([old, text])).toEqual({ on: new Map([[old.id, ["👍"]]]), folded: new Map([[text.id, text.reaction]]) });
    expect([...matchTapbacks([text]).folded.keys()]).toEqual([text.id]);
  });
});

describe("a reaction from before is on the newest message that it quotes", () => {
  const thread = (...messages: Parameters<typeof aMessage>[0][]) => messages.map((message, index) => aMessage({ seq: index + 1, ...message }));

  it("and is folded", () => {
    const messages = thread(
      { direction: "outbound", body: "See you at 6" },
      { direction: "outbound", body: "See you at 6" },
      { body: "Liked “See you at 6”", ...reaction("👍", "See you at 6") },
    );
    const { on, folded } = matchTapbacks(messages);
    expect([...on]).toEqual([[messages[1]?.id, ["👍"]]]);
    expect([...folded.keys()]).toEqual([messages[2]?.id]);
  });

  it("also when the quote was cut, and spaces differ", () => {
    const body = "The schedule for the summer camp\nis on our site now";
    const messages = thread({ direction: "outbound", body }, { body: "Loved “The…”", ...reaction("❤️", "The schedule for the summer camp is…") });
    expect(matchTapbacks(messages).on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
  });

  it("and is taken back", () => {
    const messages = thread(
      { direction: "outbound", body: "See you at 6" },
      reaction("👍", "See you at 6"),
      reaction("❤️", "See you at 6"),
      reaction("👍", "See you at 6", { removed: true }),
    );
    const { on, folded } = matchTapbacks(messages);
    expect(on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
    expect(folded.size).toBe(3);
  });

  it("or on the newest picture", () => {
    const messages = thread({ direction: "outbound", body: "", media: [aFile()] }, { body: "Loved an image", ...reaction("❤️", null) });
    expect(matchTapbacks(messages).on.get(messages[0]?.id ?? "")).toEqual(["❤️"]);
  });

  it("and stays an ordinary text if nothing matches, or if it comes first", () => {
    const messages = thread(
      { body: "Liked “See you at 6”", ...reaction("👍", "See you at 6") },
      { direction: "outbound", body: "See you at 6" },
      { body: "Liked “Another”", ...reaction("👍", "Another") },
      { body: "Liked “S…”", ...reaction("👍", "S…") },
    );
    expect(matchTapbacks(messages).folded.size).toBe(0);
  });
});
