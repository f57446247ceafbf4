/** One unsent text per conversation and person, kept across reloads. Nothing but typing and sending changes it. */
import { useCallback, useSyncExternalStore } from "react";

import { readStored, writeStored } from "./storage";

const listeners = new Set<() => void>();

function storageKey(owner: string, conversationId: string): string {
  return `messenger:${owner}:draft:${conversationId}`;
}

export function readDraft(owner: string, conversationId: string): string {
  return readStored(storageKey(owner, conversationId)) ?? "";
}

export function writeDraft(owner: string, conversationId: string, text: string): void {
  writeStored(storageKey(owner, conversationId), text === "" ? null : text);
  for (const listener of listeners) listener();
}

/** Puts text back in front of what has been typed since, if anything. */
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
