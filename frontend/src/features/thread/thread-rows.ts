/** Lays a thread out: messages, days, the line between old and new, and what happened to the conversation in between. */
import type { AuditEntry, Message } from "@/api/types";

export type ThreadRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "new"; key: string }
  | { kind: "system"; key: string; entry: AuditEntry }
  | {
      kind: "message";
      key: string;
      message: Message;
      /** Follows another message of the same sender closely. */
      continues: boolean;
      /** No message of the same sender follows closely: sender, time and delivery stand below it. */
      ends: boolean;
    };

/** Audit entries that are shown between the messages. */
const TOLD = new Set(["conversation.opened", "conversation.closed", "conversation.unread"]);
const CLOSELY_MS = 3 * 60_000;

interface ThreadInput {
  /** Ascending by `seq`. */
  messages: readonly Message[];
  /** In any order. */
  entries: readonly AuditEntry[];
  /** Whether messages before the first are still to be loaded: entries among those are left out. */
  hasOlder: boolean;
  /** Incoming messages above this are new to this person; null for none. */
  newAfter: number | null;
  dayKey: (at: string) => string;
}

export function layOutThread({ messages, entries, hasOlder, newAfter, dayKey }: ThreadInput): ThreadRow[] {
  const start = hasOlder ? Date.parse(messages[0]?.created_at ?? "") : -Infinity;
  const told = entries
    .filter((entry) => TOLD.has(entry.action) && Date.parse(entry.at) >= start)
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.chain.number - b.chain.number);

  const rows: ThreadRow[] = [];
  let day = "";
  let next = 0;
  let divided = newAfter === null;

  const startDay = (at: string) => {
    const key = dayKey(at);
    if (key === day) return;
    day = key;
    rows.push({ kind: "day", key: `day-${key}`, at });
  };
  const tellUntil = (time: number) => {
    for (let entry = told[next]; entry && Date.parse(entry.at) <= time; entry = told[++next]) {
      startDay(entry.at);
      rows.push({ kind: "system", key: `entry-${entry.id}`, entry });
    }
  };

  for (const message of messages) {
    tellUntil(Date.parse(message.created_at));
    startDay(message.created_at);
    if (!divided && message.direction === "inbound" && message.seq > (newAfter ?? 0)) {
      divided = true;
      // "New" says it already.
      if (tellsUnread(rows.at(-1))) rows.pop();
      rows.push({ kind: "new", key: "new" });
    }
    rows.push({ kind: "message", key: `message-${message.seq}`, message, continues: false, ends: true });
  }
  tellUntil(Infinity);

  return rows.map((row, index) =>
    row.kind === "message"
      ? { ...row, continues: belongTogether(rows[index - 1], row), ends: !belongTogether(row, rows[index + 1]) }
      : row,
  );
}

function tellsUnread(row: ThreadRow | undefined): boolean {
  return row?.kind === "system" && row.entry.action === "conversation.unread";
}

/** Same sender, same state, close in time: such messages share one line of details. */
function belongTogether(a: ThreadRow | undefined, b: ThreadRow | undefined): boolean {
  if (a?.kind !== "message" || b?.kind !== "message") return false;
  const [first, second] = [a.message, b.message];
  return (
    first.direction === second.direction &&
    first.status === second.status &&
    first.error === null &&
    second.error === null &&
    first.sent_by?.id === second.sent_by?.id &&
    Date.parse(second.created_at) - Date.parse(first.created_at) < CLOSELY_MS
  );
}
