/** The current minute as an external store: labels like "Yesterday" roll over by themselves. */
import { useSyncExternalStore } from "react";

const MINUTE_MS = 60_000;

let minute = Math.floor(Date.now() / MINUTE_MS);
let now = new Date();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  const current = Math.floor(Date.now() / MINUTE_MS);
  if (current === minute) return;
  minute = current;
  now = new Date();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  tick();
  timer ??= setInterval(tick, 5_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now);
}
