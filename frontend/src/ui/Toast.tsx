/** A short message about what just happened; it disappears by itself. */
import { useSyncExternalStore } from "react";

interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 5_000;

let current: Toast | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(toast: Toast | null): void {
  current = toast;
  for (const listener of listeners) listener();
}

export function showToast(text: string): void {
  clearTimeout(timer);
  set({ id: (current?.id ?? 0) + 1, text });
  timer = setTimeout(() => set(null), SHOWN_MS);
}

export function Toaster() {
  const toast = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex justify-center px-4 desk:bottom-6">
      {toast && (
        <div key={toast.id} className="animate-rise rounded-lg bg-ink px-3.5 py-2 text-bg shadow-float">
          {toast.text}
        </div>
      )}
    </div>
  );
}
