/**
 * A word of explanation on hover and on keyboard focus. Our own, because it is on the first screen and Radix's positioning
 * weighs more than all of the inbox. It can be hovered, stays while wanted, and goes with Escape (WCAG 1.4.13).
 */
import { cloneElement, useEffect, useId, useLayoutEffect, useRef, useState, type FocusEvent, type PointerEvent, type ReactElement, type ReactNode } from "react";
import { createPortal } from "react-dom";

const OPEN_AFTER_MS = 250;
const CLOSE_AFTER_MS = 120;
const GAP_PX = 6;
const MARGIN_PX = 8;

export interface TriggerProps {
  "aria-describedby"?: string | undefined;
  onPointerEnter?: (event: PointerEvent) => void;
  onPointerLeave?: () => void;
  onFocus?: (event: FocusEvent) => void;
  onBlur?: () => void;
}

/** The child must be one focusable element and make sense without its tooltip. */
export function Tooltip({ content, children }: { content: ReactNode; children: ReactElement<TriggerProps> }) {
  const id = useId();
  const [anchor, setAnchor] = useState<Element | null>(null);
  const [delay] = useState(() => new Delay());

  const schedule = (next: Element | null, after: number) => delay.run(() => setAnchor(next), after);
  const keep = () => delay.cancel();
  const close = () => schedule(null, CLOSE_AFTER_MS);
  useEffect(() => () => delay.cancel(), [delay]);

  useEffect(() => {
    if (!anchor) return;
    const dismiss = (event: KeyboardEvent) => {
      if (event.key === "Escape") setAnchor(null);
    };
    document.addEventListener("keydown", dismiss);
    return () => document.removeEventListener("keydown", dismiss);
  }, [anchor]);

  return (
    <>
      {cloneElement(children, {
        "aria-describedby": anchor ? id : undefined,
        onPointerEnter: (event) => {
          if (event.pointerType !== "touch") schedule(event.currentTarget, OPEN_AFTER_MS);
        },
        onPointerLeave: close,
        onFocus: (event) => {
          if (event.currentTarget.matches(":focus-visible")) schedule(event.currentTarget, 0);
        },
        onBlur: close,
      })}
      {anchor && (
        <Bubble id={id} anchor={anchor} onPointerEnter={keep} onPointerLeave={close}>
          {content}
        </Bubble>
      )}
    </>
  );
}

/** One pending timer; a new one replaces it. */
class Delay {
  private timer: ReturnType<typeof setTimeout> | undefined;

  run(action: () => void, after: number): void {
    this.cancel();
    this.timer = setTimeout(action, after);
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}

interface BubbleProps {
  id: string;
  anchor: Element;
  onPointerEnter: () => void;
  onPointerLeave: () => void;
  children: ReactNode;
}

function Bubble({ id, anchor, onPointerEnter, onPointerLeave, children }: BubbleProps) {
  const bubble = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = bubble.current;
    if (!element) return;
    const around = anchor.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const above = around.top - height - GAP_PX;
    const centred = around.left + around.width / 2 - width / 2;
    const left = Math.max(MARGIN_PX, Math.min(centred, window.innerWidth - width - MARGIN_PX));
    element.style.top = `${above >= MARGIN_PX ? above : around.bottom + GAP_PX}px`;
    element.style.left = `${left}px`;
  }, [anchor, children]);

  return createPortal(
    <div
      ref={bubble}
      id={id}
      role="tooltip"
      onPointerEnter={onPointerEnter}
      onPointerLeave={onPointerLeave}
      className="fixed z-50 max-w-72 animate-fade rounded-md bg-ink px-2.5 py-1.5 text-meta text-bg shadow-float"
    >
      {children}
    </div>,
    document.body,
  );
}
