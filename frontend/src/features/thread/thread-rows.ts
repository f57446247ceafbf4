/** Lays a thread out: its entries in the API's order, with days, the line between old and new, and runs of events folded. */
import type { ThreadEntry } from "@/api/thread-entries";
import type { AuditEntry, Message, Note, ScheduledText } from "@/api/types";
import { isStatusChange } from "@/lib/fold-entries";

export type ThreadRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "new"; key: string }
  /** What the system did at one place: a run of changes of the status is one row. */
  | { kind: "system"; key: string; entries: [AuditEntry, ...AuditEntry[]] }
  | { kind: "note"; key: string; note: Note }
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
const CLOSELY_MS = 3 * 60_000;

interface ThreadInput {
  /** In order. */
  entries: readonly ThreadEntry[];
  /** Incoming messages above this are new to this person; null for none. */
  newAfter: number | null;
  dayKey: (at: string) => string;
}

export function layOutThread({ entries, newAfter, dayKey }: ThreadInput): ThreadRow[] {
  const rows: ThreadRow[] = [];
  let day = "";
  let divided = newAfter === null;

  const startDay = (at: string) => {
    const key = dayKey(at);
    if (key === day) return;
    day = key;
    rows.push({ kind: "day", key: `day-${key}`, at });
  };
  const tell = (entry: AuditEntry) => {
    // "New" says it already.
    if (!TOLD.has(entry.action) || (newAfter !== null && divided && entry.action === "conversation.unread")) return;
    startDay(entry.at);
    const last = rows.at(-1);
    if (last?.kind === "system" && isStatusChange(last.entries[0]) && isStatusChange(entry)) last.entries.push(entry);
    else rows.push({ kind: "system", key: `entry-${entry.id}`, entries: [entry] });
  };
  const say = (message: Message) => {
    startDay(message.created_at);
    if (!divided && message.direction === "inbound" && message.seq > (newAfter ?? 0)) {
      divided = true;
      leaveOutUnread(rows);
      rows.push({ kind: "new", key: "new" });
    }
    rows.push({ kind: "message", key: `message-${message.seq}`, message, continues: false, ends: true });
  };

  for (const entry of entries) {
    if (entry.kind === "message") say(entry.message);
    else if (entry.kind === "audit_entry") tell(entry.entry);
    else if (entry.kind === "note") {
      startDay(entry.note.created_at);
      rows.push({ kind: "note", key: `note-${entry.id}`, note: entry.note });
    }
  }
  return rows.map((row, index) =>
    row.kind === "message"
      ? { ...row, continues: belongTogether(rows[index - 1], row), ends: !belongTogether(row, rows[index + 1]) }
      : row,
  );
}

/** The texts that leave later, in order of their time. They stand after all else, and after what is being sent. */
export function scheduledTexts(entries: readonly ThreadEntry[]): ScheduledText[] {
  return entries.flatMap((entry) => (entry.kind === "scheduled_text" ? [entry.text] : []));
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
    first.automatic === second.automatic &&
    first.sent_by?.id === second.sent_by?.id &&
    Date.parse(second.created_at) - Date.parse(first.created_at) < CLOSELY_MS
  );
}
