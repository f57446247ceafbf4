/** Single-key shortcuts, silent while somebody types, while a dialog is open, and for keys held with a modifier. */
import { useEffect, useRef } from "react";

type Handlers = Partial<Record<string, () => void>>;

export function useHotkeys(handlers: Handlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });

  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      const handler = latest.current[event.key];
      if (!handler) return;
      event.preventDefault();
      handler();
    };
    document.addEventListener("keydown", handle);
    return () => document.removeEventListener("keydown", handle);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** "/" : the search box of the page, if it has one. */
export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("[data-hotkey-search]")?.focus();
}
