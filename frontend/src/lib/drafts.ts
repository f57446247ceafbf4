/** One unsent text per conversation and person, kept across reloads. Nothing but typing and sending changes it. */
import { useCallback, useSyncExternalStore } from "react";

import { readStored, writeStored } from "./storage";

const listeners = new Set<() => void>();

/** What this tab has read or typed. Storage is read once: another tab's typing never replaces what stands here. */
const drafts = new Map<string, string>();

function storageKey(owner: string, conversationId: string): string {
  return `messenger:${owner}:draft:${conversationId}`;
}

export function readDraft(owner: string, conversationId: string): string {
  const key = storageKey(owner, conversationId);
  const known = drafts.get(key);
  if (known !== undefined) return known;
  const stored = readStored(key) ?? "";
  drafts.set(key, stored);
  return stored;
}

export function writeDraft(owner: string, conversationId: string, text: string): void {
  const key = storageKey(owner, conversationId);
  drafts.set(key, text);
  writeStored(key, text === "" ? null : text);
  for (const listener of listeners) listener();
}

/** Puts text back before anything typed since. */
export function returnToDraft(owner: string, conversationId: string, text: string): void {
  const current = readDraft(owner, conversationId);
  writeDraft(owner, conversationId, current === "" ? text : `${text}\n${current}`);
}

/** `owner` scopes drafts to one person of one organization: a shared computer never shows another's text. */
export function useDraft(owner: string, conversationId: string): [string, (text: string) => void] {
  const text = useSyncExternalStore(subscribe, () => readDraft(owner, conversationId));
  const write = useCallback((next: string) => writeDraft(owner, conversationId, next), [owner, conversationId]);
  return [text, write];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Forgets what this tab holds in memory, as a reload does. */
export function reloadDrafts(): void {
  drafts.clear();
}
