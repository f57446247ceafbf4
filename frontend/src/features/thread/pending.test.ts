import { describe, expect, it } from "vitest";

import { notYetShown } from "./pending";
import type { PendingText } from "@/api/outbox";
import { aMessage, byStaff, DANIEL, MARIA } from "@/testing/builders";

const at = "2026-11-23T18:00:00Z";
const text = (overrides: Partial<PendingText> = {}): PendingText => ({
  key: crypto.randomUUID(), conversationId: "c", body: "ok", seenSeq: 4, close: false, createdAt: at, state: "sending", problem: null, ...overrides,
});
const mine = (seq: number, body = "ok") => aMessage({ seq, body, direction: "outbound", sent_by: byStaff(MARIA), created_at: at });

describe("a text that is both on its way and in the thread already shows once", () => {
  it("as the message", () => {
    expect(notYetShown([text()], [mine(5)], MARIA.id)).toEqual([]);
  });

  it("two equal texts wait for two messages", () => {
    expect(notYetShown([text(), text()], [mine(5)], MARIA.id)).toHaveLength(1);
    expect(notYetShown([text(), text()], [mine(5), mine(6)], MARIA.id)).toHaveLength(0);
  });

  it("an earlier message, a colleague's or another text is not it", () => {
    const messages = [mine(4), mine(5, "ok!"), aMessage({ seq: 6, body: "ok", direction: "outbound", sent_by: byStaff(DANIEL), created_at: at })];
    expect(notYetShown([text()], messages, MARIA.id)).toHaveLength(1);
  });

  it("a refused text always shows", () => {
    expect(notYetShown([text({ state: "refused" })], [mine(5)], MARIA.id)).toHaveLength(1);
  });
});
