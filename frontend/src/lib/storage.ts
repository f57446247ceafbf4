/**
 * Local storage that may be missing, full or forbidden: what cannot be stored is kept in memory, so that nothing a
 * person typed is lost while the tab lives.
 */
const memory = new Map<string, string>();

export function readStored(key: string): string | null {
  if (memory.has(key)) return memory.get(key) ?? null;
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: string | null): void {
  memory.delete(key);
  try {
    if (value === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}

/** The keys of local storage; none where it is forbidden. */
export function storedKeys(): string[] {
  try {
    return Object.keys(window.localStorage);
  } catch {
    return [];
  }
}

export function removeStored(key: string): void {
  writeStored(key, null);
}
