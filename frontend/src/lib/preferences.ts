/** What one person prefers in this browser. Everything that makes itself noticed is off until asked for. */
import { useCallback, useSyncExternalStore } from "react";

import { readStored, writeStored } from "./storage";

export interface Preferences {
  /** Whether notifications and sound have been offered: they are, once. */
  offered: boolean;
  /** Whether this browser shows notifications. */
  notifications: boolean;
  /** The service pushes them; else an open page shows them. */
  push: boolean;
  /** The sign-in that the push was set up in. */
  pushSession: string | undefined;
  /** Whether an open page is heard although this browser shows no notifications. */
  sound: boolean;
}

const DEFAULTS: Preferences = { offered: false, notifications: false, push: false, pushSession: undefined, sound: false };
const listeners = new Set<() => void>();
const known = new Map<string, Preferences>();

export function readPreferences(owner: string): Preferences {
  const cached = known.get(owner);
  if (cached) return cached;
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(readStored(`messenger:${owner}:preferences`) ?? "{}") as Partial<Preferences>;
  } catch {
    // Unreadable preferences are as good as none.
  }
  const preferences = { ...DEFAULTS, ...stored };
  known.set(owner, preferences);
  return preferences;
}

export function changePreferences(owner: string, change: Partial<Preferences>): void {
  const preferences = { ...readPreferences(owner), ...change };
  known.set(owner, preferences);
  writeStored(`messenger:${owner}:preferences`, JSON.stringify(preferences));
  for (const listener of listeners) listener();
}

export function usePreferences(owner: string): [Preferences, (change: Partial<Preferences>) => void] {
  const preferences = useSyncExternalStore(subscribe, () => readPreferences(owner));
  const change = useCallback((next: Partial<Preferences>) => changePreferences(owner, next), [owner]);
  return [preferences, change];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Forgets what this tab holds in memory, as a reload does. */
export function resetPreferences(): void {
  known.clear();
}
