/**
 * A short message about what just happened, with a way to undo it. It stands in a slot of the page's own layout, so that it
 * covers nothing that is read or typed; of the slots on screen the one with the highest rank shows it.
 */
import { useEffect, useRef, useSyncExternalStore } from "react";

import { Button } from "./Button";
import { Kbd } from "./bits";
import { cx } from "@/lib/cx";
import { ariaKeys, describeKeys, useShortcuts } from "@/lib/shortcuts";

interface ToastAction {
  label: string;
  run: () => void;
}

interface Toast {
  id: number;
  text: string;
  action: ToastAction | undefined;
}

interface Slot {
  rank: number;
  element: HTMLElement;
}

const SHOWN_MS = 5_000;
/** Time to read it, to decide, and to reach the button. */
const SHOWN_WITH_ACTION_MS = 12_000;

/** Ranks of the slots: a thread that has the screen to itself, the list's foot, the foot of any page, any page without one. */
export const TOAST_RANK = { thread: 3, list: 2, page: 1, window: 0 } as const;

let current: Toast | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Held open while the pointer or the focus is on it. */
let held = false;
const slots: Slot[] = [];
let shownIn: HTMLElement | null = null;
const listeners = new Set<() => void>();

function isOnScreen(element: HTMLElement): boolean {
  return typeof element.checkVisibility !== "function" || element.checkVisibility();
}

function update(): void {
  const visible = current ? slots.filter(({ element }) => isOnScreen(element)) : [];
  shownIn = visible.toSorted((a, b) => b.rank - a.rank)[0]?.element ?? null;
  for (const listener of listeners) listener();
}

function startTimer(): void {
  clearTimeout(timer);
  if (current && !held) timer = setTimeout(hideToast, current.action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}

export function showToast(text: string, action?: ToastAction): void {
  current = { id: (current?.id ?? 0) + 1, text, action };
  held = false;
  startTimer();
  update();
}

function hideToast(): void {
  clearTimeout(timer);
  current = null;
  update();
}

function hold(holds: boolean): void {
  held = holds;
  startTimer();
}

function runAction(): void {
  const action = current?.action;
  hideToast();
  action?.run();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A place for toasts. An empty one takes no space. */
export function ToastSlot({ rank, className }: { rank: keyof typeof TOAST_RANK; className?: string }) {
  const element = useRef<HTMLDivElement>(null);
  const toast = useSyncExternalStore(subscribe, () => (element.current !== null && shownIn === element.current ? current : null));

  useEffect(() => {
    if (!element.current) return;
    const slot = { rank: TOAST_RANK[rank], element: element.current };
    slots.push(slot);
    update();
    return () => {
      slots.splice(slots.indexOf(slot), 1);
      update();
    };
  }, [rank]);

  return (
    <div ref={element} role="status" data-toast="" className={cx(toast && "p-2", className)}>
      {toast && <ToastStrip key={toast.id} toast={toast} />}
    </div>
  );
}

function ToastStrip({ toast: { text, action } }: { toast: Toast }) {
  useShortcuts(action ? { undo: runAction } : {});
  return (
    <div
      className="pointer-events-auto flex animate-fade items-center gap-3 rounded-lg bg-ink py-1 pr-1.5 pl-3.5 text-bg shadow-float"
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
    >
      <span className="min-w-0 flex-1 py-1 [overflow-wrap:anywhere]">{text}</span>
      {action && (
        <Button
          size="sm"
          variant="quiet"
          className="!text-bg underline underline-offset-2 hover:!bg-transparent"
          title={`${action.label} (${describeKeys("undo")})`}
          aria-keyshortcuts={ariaKeys("undo")}
          onFocus={() => hold(true)}
          onBlur={() => hold(false)}
          onClick={runAction}
        >
          {action.label} <Kbd>{describeKeys("undo")}</Kbd>
        </Button>
      )}
    </div>
  );
}

/** For pages without a slot of their own. */
export function Toaster() {
  return (
    <div className="pointer-events-none fixed inset-x-0 top-2 z-50 flex justify-center px-4">
      <ToastSlot rank="window" />
    </div>
  );
}
