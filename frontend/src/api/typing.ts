/** Who of the colleagues is writing in which conversation (TYPING), as events tell it. It passes by itself. */
import { useSyncExternalStore } from "react";

interface Writer {
  id: string;
  name: string;
}

/** A clock that is wrong, or a stream that was cut, must not keep a name on the screen. */
const LONGEST_MS = 20_000;
const NOBODY: readonly Writer[] = [];

let writing: ReadonlyMap<string, readonly Writer[]> = new Map();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function update(conversationId: string, writers: readonly Writer[]): void {
  const next = new Map(writing);
  if (writers.length > 0) next.set(conversationId, writers);
  else next.delete(conversationId);
  writing = next;
  for (const listener of listeners) listener();
}

function stop(conversationId: string, id: string): void {
  const key = `${conversationId} ${id}`;
  clearTimeout(timers.get(key));
  timers.delete(key);
  const writers = writing.get(conversationId) ?? NOBODY;
  if (writers.some((writer) => writer.id === id)) update(conversationId, writers.filter((writer) => writer.id !== id));
}

/** An event `typing`: {conversation_id, staff_member_id, name, until}. */
export function hearTyping(data: unknown): void {
  if (typeof data !== "object" || data === null) return;
  const { conversation_id, staff_member_id: id, name, until } = data as Record<string, unknown>;
  if (typeof conversation_id !== "string" || typeof id !== "string" || typeof name !== "string") return;
  const left = Math.min(LONGEST_MS, typeof until === "string" ? Date.parse(until) - Date.now() : 0);
  const key = `${conversation_id} ${id}`;
  clearTimeout(timers.get(key));
  if (!(left > 0)) {
    stop(conversation_id, id);
    return;
  }
  timers.set(key, setTimeout(() => stop(conversation_id, id), left));
  const writers = writing.get(conversation_id) ?? NOBODY;
  if (!writers.some((writer) => writer.id === id)) update(conversation_id, [...writers, { id, name }]);
}

/** Called when their text or note has come: they have finished. */
export function finishTyping(conversationId: string, id: string): void {
  stop(conversationId, id);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The colleagues who are writing in a conversation; never oneself. */
export function useWriters(conversationId: string, self: string | undefined): readonly Writer[] {
  const writers = useSyncExternalStore(subscribe, () => writing.get(conversationId) ?? NOBODY);
  return writers.filter((writer) => writer.id !== self);
}
