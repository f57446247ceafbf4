/**
 * A thread as it is cached: a window of entries without gaps, keyed by `id` and sorted by `order`. Nothing here knows what
 * an entry is. Another kind of entry needs a member of `ThreadEntry` and a function like `messageEntry`.
 */
import type { Message } from "./types";

export interface ThreadEntry {
  kind: "message";
  id: string;
  /** Sorts the entries of a thread as a string. Never changes for an entry. */
  order: string;
  message: Message;
}

export interface ThreadData {
  /** Sorted, each `id` once. */
  entries: ThreadEntry[];
  /** Whether the thread has entries before the first of these, and after the last. */
  hasOlder: boolean;
  hasNewer: boolean;
  /** The time up to which they tell everything (`Ledger.now`). */
  asOf: number;
}

export function messageEntry(message: Message): ThreadEntry {
  return { kind: "message", id: message.id, order: String(message.seq).padStart(10, "0"), message };
}

/** Both lists, which are sorted, in one. Of an entry that is in both, the one in `winners` stays. */
export function joinEntries(entries: readonly ThreadEntry[], winners: readonly ThreadEntry[]): ThreadEntry[] {
  const last = entries.at(-1);
  const [first] = winners;
  // The common case: something new at the end.
  if (!last || !first || last.order < first.order) return [...entries, ...winners];
  return sorted([...entries, ...winners]);
}

/** In order; of those with the same id the last. */
function sorted(entries: readonly ThreadEntry[]): ThreadEntry[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
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
