import { expect, it } from "vitest";

import { notYetShown } from "./pending";
import type { PendingText } from "@/api/outbox-items";
import { aMessage, byStaff, MARIA } from "@/testing/builders";

const text = (): PendingText => ({
  key: crypto.randomUUID(), conversationId: "c", createdAt: "2026-11-23T18:00:00Z", state: { name: "sending" }, stored: true,
  act: { kind: "text", text: { body: "ok", seenSeq: 4, close: false } },
});

it("SEND-ONCE: of two equal texts, the one whose message is in the thread shows as that alone", () => {
  const [first, second] = [text(), text()];
  const message = aMessage({ seq: 5, body: "ok", direction: "outbound", sent_by: byStaff(MARIA), client_key: second.key });
  const earlier = aMessage({ seq: 4, body: "ok", direction: "outbound", sent_by: byStaff(MARIA) });
  expect(notYetShown([first, second], [earlier, message])).toEqual([first]);
});
