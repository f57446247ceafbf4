/**
 * A small window at the button that opened it; on a phone a sheet at the foot of the screen. Escape and a click outside close
 * it, and the button gets the focus back. Mount it, below an element with `relative`, while it is open.
 */
import { useEffect, useEffectEvent, useRef, useState, type FocusEvent, type KeyboardEvent, type ReactNode } from "react";

import { cx } from "@/lib/cx";

interface PopoverProps {
  label: string;
  onClose: () => void;
  /** Where it stands from its button. */
  side?: "below" | "above";
  children: ReactNode;
}

export function Popover({ label, onClose, side = "below", children }: PopoverProps) {
  const window = useRef<HTMLDivElement>(null);
  // Before what is in it takes the focus.
  const [opener] = useState(() => document.activeElement);
  const close = useEffectEvent(onClose);

  useEffect(() => {
    // A combobox in it has taken it already.
    if (!window.current?.contains(document.activeElement)) (window.current?.querySelector<HTMLElement>("button, input") ?? window.current)?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !window.current?.parentElement?.contains(event.target)) close();
    };
    document.addEventListener("pointerdown", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      // What had the focus in it is gone.
      if (document.activeElement === document.body) focus(opener);
    };
  }, [opener]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    focus(opener);
    onClose();
  };
  const onBlur = (event: FocusEvent) => {
    // Its button closes it by itself.
    if (event.relatedTarget instanceof Node && !event.currentTarget.parentElement?.contains(event.relatedTarget)) onClose();
  };
  return (
    <>
      <div aria-hidden="true" className="fixed inset-0 z-40 animate-fade bg-scrim desk:hidden" onPointerDown={onClose} />
      {/* Keys go from what is in it to the window. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={window}
        role="dialog"
        aria-label={label}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        onBlur={onBlur}
        className={cx(
          "z-50 animate-fade rounded-lg border border-line bg-surface p-1.5 text-body font-normal whitespace-normal text-ink shadow-float outline-none",
          "max-desk:fixed max-desk:inset-x-2 max-desk:bottom-[max(8px,env(safe-area-inset-bottom))] max-desk:max-h-[80dvh] max-desk:overflow-y-auto",
          "desk:absolute desk:right-0 desk:w-[300px]",
          side === "below" ? "desk:top-full desk:mt-1.5" : "desk:bottom-full desk:mb-1.5",
        )}
      >
        {children}
      </div>
    </>
  );
}

function focus(element: Element | null): void {
  if (element instanceof HTMLElement && element.isConnected) element.focus();
}

/** One of the things that a popover offers. */
export function PopoverItem({ onSelect, children }: { onSelect: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onSelect}
      className="flex min-h-9 w-full items-center gap-3 rounded-md px-2.5 py-1.5 text-left target hover:bg-sunken focus-visible:bg-sunken"
    >
      {children}
    </button>
  );
}
