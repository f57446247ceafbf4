import { describe, expect, it } from "vitest";

import { layOutThread, type ThreadRow } from "./thread-rows";
import { itemEntry } from "@/api/thread-entries";
import type { AuditEntry, Message } from "@/api/types";
import { aMessage, anEntry, byStaff, DANIEL, MARIA, minutesAgo } from "@/testing/builders";
import { itemsOf } from "@/testing/notes-world";

/** The API places entries after messages, by their time here. */
function layOut({ messages = [], entries = [], newAfter = null }: { messages?: Message[]; entries?: AuditEntry[]; newAfter?: number | null }) {
  const items = itemsOf(messages, entries.map((audit_entry) => ({ kind: "audit_entry", audit_entry })));
  return layOutThread({ entries: items.map(itemEntry), newAfter, dayKey: (at) => at.slice(0, 10) });
}

const summary = (rows: ThreadRow[]) =>
  rows.map((row) => (row.kind === "message" ? row.message.seq : row.kind === "system" ? row.entries.map((entry) => entry.action.split(".")[1]).join("+") : row.kind));

describe("the layout of a thread", () => {
  it("starts every day with a heading", () => {
    const messages = [
      aMessage({ seq: 1, created_at: "2026-11-21T12:00:00Z" }),
      aMessage({ seq: 2, created_at: "2026-11-21T12:30:00Z" }),
      aMessage({ seq: 3, created_at: "2026-11-23T12:00:00Z" }),
    ];
    expect(summary(layOut({ messages }))).toEqual(["day", 1, 2, "day", 3]);
  });

  it("draws one line above the first incoming message that is new", () => {
    const messages = [
      aMessage({ seq: 1 }),
      aMessage({ seq: 2, direction: "outbound" }),
      aMessage({ seq: 3 }),
      aMessage({ seq: 4 }),
    ];
    expect(summary(layOut({ messages, newAfter: 1 }))).toEqual(["day", 1, 2, "new", 3, 4]);
    expect(summary(layOut({ messages, newAfter: 4 }))).toEqual(["day", 1, 2, 3, 4]);
    expect(summary(layOut({ messages, newAfter: null }))).toEqual(["day", 1, 2, 3, 4]);
  });

  it("tells what happened where it happened, and leaves out what is no line of a thread", () => {
    const messages = [aMessage({ seq: 1, created_at: minutesAgo(60) }), aMessage({ seq: 2, created_at: minutesAgo(10) })];
    const entries = [
      anEntry({ at: minutesAgo(5), action: "conversation.closed" }),
      anEntry({ at: minutesAgo(30), action: "conversation.opened" }),
      anEntry({ at: minutesAgo(60), action: "conversation.unread" }),
      anEntry({ at: minutesAgo(20), action: "message.sent" }),
      anEntry({ at: minutesAgo(20), action: "conversation.viewed" }),
    ];
    expect(summary(layOut({ messages, entries }))).toEqual([
      "day", "unread", 1, "opened", 2, "closed",
    ]);
  });

  it("puts what a message did after it: its conversation closed, its sender stopped texts", () => {
    const at = minutesAgo(10);
    const closed = anEntry({ at, action: "conversation.closed" });
    expect(summary(layOut({ messages: [aMessage({ seq: 1, created_at: at, direction: "outbound" })], entries: [closed] }))).toEqual(["day", 1, "closed"]);
    const entries = [anEntry({ at, action: "conversation.unread" }), anEntry({ at, action: "phone_number.stopped" })];
    expect(summary(layOut({ messages: [aMessage({ seq: 1, created_at: at })], entries }))).toEqual(["day", "unread", 1, "stopped"]);
  });

  it("folds a run of changes of the status into one row, and leaves consent its own", () => {
    const messages = [aMessage({ seq: 1, created_at: minutesAgo(60) }), aMessage({ seq: 2, created_at: minutesAgo(10) })];
    const actions = ["conversation.opened", "conversation.closed", "conversation.unread", "opt_in.changed", "conversation.opened"];
    const entries = actions.map((action, index) => anEntry({ at: minutesAgo(50 - index), action }));
    expect(summary(layOut({ messages, entries }))).toEqual(["day", 1, "opened+closed+unread", "changed", "opened", 2]);
  });

  it("keeps the rest of a run whose end is said by New", () => {
    const messages = [aMessage({ seq: 1, created_at: minutesAgo(60) }), aMessage({ seq: 2, created_at: minutesAgo(10) })];
    const entries = [anEntry({ at: minutesAgo(30), action: "conversation.closed" }), anEntry({ at: minutesAgo(10), action: "conversation.unread" })];
    expect(summary(layOut({ messages, entries, newAfter: 1 }))).toEqual(["day", 1, "closed", "new", 2]);
  });

  it("does not say twice that something is new", () => {
    const messages = [aMessage({ seq: 1, created_at: minutesAgo(10) })];
    const entries = [anEntry({ at: minutesAgo(10), action: "conversation.unread" })];
    expect(summary(layOut({ messages, entries, newAfter: 0 }))).toEqual(["day", "new", 1]);
  });

  it("puts messages of one voice, close in time and equally delivered, under one line of details", () => {
    const out = { direction: "outbound" as const, sent_by: byStaff(MARIA) };
    const messages = [
      aMessage({ seq: 1, ...out, created_at: minutesAgo(10) }),
      aMessage({ seq: 2, ...out, created_at: minutesAgo(9) }),
      aMessage({ seq: 3, ...out, created_at: minutesAgo(8.5), sent_by: byStaff(DANIEL) }),
      aMessage({ seq: 4, ...out, created_at: minutesAgo(8.4), sent_by: byStaff(DANIEL), status: "failed" }),
      aMessage({ seq: 5, created_at: minutesAgo(8.3) }),
      aMessage({ seq: 6, created_at: minutesAgo(1) }),
    ];
    const ends = layOut({ messages }).flatMap((row) => (row.kind === "message" ? [[row.message.seq, row.ends]] : []));
    expect(ends).toEqual([[1, false], [2, true], [3, true], [4, true], [5, true], [6, true]]);
  });
});
