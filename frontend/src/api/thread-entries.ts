/**
 * A thread as it is cached: a window of entries without gaps, keyed by `id` and sorted by `order`. A scheduled text that has
 * left is the message with the same id.
 */
import type { AuditEntry, Message, Note, ScheduledText, ThreadItem } from "./types";

interface Place {
  id: string;
  /** Sorts the entries of a thread as a string. */
  order: string;
  /** Where it stands, in the API's words; null if an event brought it without. */
  position: string | null;
}

export type MessageEntry = Place & { kind: "message"; message: Message };
export type ThreadEntry =
  | MessageEntry
  | (Place & { kind: "note"; note: Note })
  | (Place & { kind: "audit_entry"; entry: AuditEntry })
  | (Place & { kind: "scheduled_text"; text: ScheduledText });

export interface ThreadData {
  /** Sorted, each `id` once. */
  entries: ThreadEntry[];
  /** Whether the thread has entries before the first of these, and after the last. */
  hasOlder: boolean;
  hasNewer: boolean;
  /** The time up to which they tell everything (`Ledger.now`). */
  asOf: number;
}

/** Of what follows a message, positions begin with its `seq` in ten digits: that alone sorts just before them. */
export function messageEntry(message: Message, position: string | null = null): MessageEntry {
  return { kind: "message", id: message.id, order: String(message.seq).padStart(10, "0"), position, message };
}

export function itemEntry(item: ThreadItem): ThreadEntry {
  const { position } = item;
  switch (item.kind) {
    case "message":
      return messageEntry(item.message, position);
    case "note":
      return { kind: "note", id: item.note.id, order: position, position, note: item.note };
    case "audit_entry":
      return { kind: "audit_entry", id: item.audit_entry.id, order: position, position, entry: item.audit_entry };
    case "scheduled_text":
      return { kind: "scheduled_text", id: item.scheduled_text.id, order: position, position, text: item.scheduled_text };
  }
}

export function messagesOf(entries: readonly ThreadEntry[]): Message[] {
  return entries.flatMap((entry) => (entry.kind === "message" ? [entry.message] : []));
}

/** Both lists, which are sorted, in one. Of an entry that is in both, the one in `winners` stays. */
export function joinEntries(entries: readonly ThreadEntry[], winners: readonly ThreadEntry[]): ThreadEntry[] {
  return sorted([...entries, ...winners]);
}

/** In order; of those with the same id the last. The place of a message is known from any answer that told it. */
function sorted(entries: readonly ThreadEntry[]): ThreadEntry[] {
  const byId = new Map<string, ThreadEntry>();
  for (const entry of entries) {
    const before = byId.get(entry.id);
    byId.set(entry.id, entry.position === null && before?.kind === entry.kind ? { ...entry, position: before.position } : entry);
  }
  return [...byId.values()].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
}

/** The window with these entries: each in its place, unless that is outside of what is loaded. */
export function placeEntries(window: ThreadData, entries: readonly ThreadEntry[]): ThreadData {
  const [first, last] = [window.entries[0]?.order, window.entries.at(-1)?.order];
  const inside = entries.filter(({ order }) => {
    if (window.hasOlder && (first === undefined || order < first)) return false;
    return !(window.hasNewer && (last === undefined || order > last));
  });
  if (inside.length === 0) return window;
  return { ...window, entries: joinEntries(window.entries, sorted(inside)) };
}

/** What an event told of an entry that is no message. `entry` is null once it is gone. */
export interface EntryChange {
  conversationId: string;
  kind: ThreadEntry["kind"];
  id: string;
  entry: ThreadEntry | null;
}

/** The window with these changes: a text that was scheduled may be a message by now, and stays one. */
export function changeEntries(window: ThreadData, changes: readonly EntryChange[]): ThreadData {
  const gone = new Set(changes.flatMap(({ kind, id, entry }) => (entry ? [] : [`${kind} ${id}`])));
  const left = gone.size === 0 ? window.entries : window.entries.filter(({ kind, id }) => !gone.has(`${kind} ${id}`));
  const sent = new Set(left.flatMap(({ kind, id }) => (kind === "message" ? [id] : [])));
  const placed = changes.flatMap(({ entry }) => (entry && !sent.has(entry.id) ? [entry] : []));
  return placeEntries(left.length === window.entries.length ? window : { ...window, entries: left }, placed);
}
