/** Lays a thread out: messages, days, the line between old and new, and what happened to the conversation in between. */
import type { AuditEntry, Message } from "@/api/types";
import { isStatusChange } from "@/lib/fold-entries";

export type ThreadRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "new"; key: string }
  /** What the system did at one place: a run of changes of the status is one row. */
  | { kind: "system"; key: string; entries: [AuditEntry, ...AuditEntry[]] }
  | {
      kind: "message";
      key: string;
      message: Message;
      /** Follows another message of the same sender closely. */
      continues: boolean;
      /** No message of the same sender follows closely: sender, time and delivery stand below it. */
      ends: boolean;
    };

/** Audit entries that are shown between the messages: changes of the status and of consent. */
const TOLD = new Set([
  ...["conversation.opened", "conversation.closed", "conversation.unread"],
  ...["phone_number.stopped", "phone_number.started", "opt_in.changed", "phone_record.removed", "refusal.lifted"],
]);
/** Entries at the very time of a message: these say how the conversation stood for it, others what it did. */
const BEFORE_ITS_MESSAGE = new Set(["conversation.opened", "conversation.unread"]);
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
  const tell = (entry: AuditEntry) => {
    startDay(entry.at);
    const last = rows.at(-1);
    if (last?.kind === "system" && isStatusChange(last.entries[0]) && isStatusChange(entry)) last.entries.push(entry);
    else rows.push({ kind: "system", key: `entry-${entry.id}`, entries: [entry] });
  };
  /** Of the entries at the time itself only those that belong before a message. */
  const tellUntil = (time: number) => {
    for (let entry = told[next]; entry && belongsBefore(entry, time); entry = told[++next]) tell(entry);
  };

  for (const message of messages) {
    tellUntil(Date.parse(message.created_at));
    startDay(message.created_at);
    if (!divided && message.direction === "inbound" && message.seq > (newAfter ?? 0)) {
      divided = true;
      // "New" says it already.
      leaveOutUnread(rows);
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

function belongsBefore({ at, action }: AuditEntry, time: number): boolean {
  const written = Date.parse(at);
  return written < time || (written === time && (BEFORE_ITS_MESSAGE.has(action) || time === Infinity));
}

/** Takes "became unread" off the end of the rows. */
function leaveOutUnread(rows: ThreadRow[]): void {
  const last = rows.at(-1);
  if (last?.kind !== "system" || last.entries.at(-1)?.action !== "conversation.unread") return;
  const [first, ...others] = last.entries.slice(0, -1);
  rows.pop();
  if (first) rows.push({ ...last, entries: [first, ...others] });
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
