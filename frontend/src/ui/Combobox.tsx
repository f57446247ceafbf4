/**
 * A text box with a list of what it finds. The focus stays in the box: arrows move through the list, Enter takes the active
 * option, Escape closes. What is shown for a query is the caller's.
 */
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { cx } from "@/lib/cx";

interface ComboboxProps<Item> {
  label: string;
  placeholder?: string;
  query: string;
  onQuery: (query: string) => void;
  /** Undefined while they are loading. */
  items: readonly Item[] | undefined;
  /** The items are those of an earlier query. Enter waits for this one's. */
  isEarlier?: boolean;
  keyOf: (item: Item) => string;
  renderItem: (item: Item) => ReactNode;
  onPick: (item: Item) => void;
  onClose: () => void;
  /** Stands in place of an empty list. */
  empty: ReactNode;
  /** A key that is the caller's before it is the list's: true takes it. */
  onKey?: (event: KeyboardEvent<HTMLInputElement>) => boolean;
  takesFocus?: boolean;
  /** The list is above the box. */
  upwards?: boolean;
  maxLength?: number;
}

export function Combobox<Item>({
  label, placeholder, query, onQuery, items, isEarlier = false, keyOf, renderItem, onPick, onClose, empty, onKey, takesFocus = false, upwards = false, maxLength = 100,
}: ComboboxProps<Item>) {
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  /** Enter was pressed before the query had its items. */
  const takesFirst = useRef(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = items ?? [];
  const isAnswered = items !== undefined && !isEarlier;
  // Another query has other items: the first of them is active until somebody moves.
  const active = Math.max(0, shown.findIndex((item) => keyOf(item) === chosen));
  const activeItem = shown[active];
  const activeId = activeItem === undefined ? undefined : `${id}-${active}`;

  useEffect(() => {
    if (takesFocus) box.current?.focus();
  }, [takesFocus]);
  useEffect(() => {
    if (activeId) document.getElementById(activeId)?.scrollIntoView({ block: "nearest" });
  }, [activeId]);

  useEffect(() => {
    if (!takesFirst.current || !isAnswered) return;
    takesFirst.current = false;
    if (activeItem !== undefined) onPick(activeItem);
  }, [isAnswered, activeItem, onPick]);

  const move = (to: number) => {
    const item = shown[(to + shown.length) % shown.length];
    if (item !== undefined) setChosen(keyOf(item));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (onKey?.(event)) {
      event.preventDefault();
      return;
    }
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (act === "close") onClose();
    else if (act === "take") {
      // An item that somebody has moved to is what they mean.
      if (activeItem !== undefined && (isAnswered || chosen !== null)) onPick(activeItem);
      else takesFirst.current = query.trim() !== "" && !isAnswered;
    } else if (shown.length > 0) move(active + act);
  };

  const list = (
    <div id={`${id}-list`} role="listbox" aria-label={label} className="max-h-[min(280px,40dvh)] overflow-y-auto p-1">
      {shown.map((item, index) => (
        // The keys are the box's: an option never has the focus.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
        <div
          key={keyOf(item)}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // The focus stays in the box.
          onPointerDown={(event) => event.preventDefault()}
          onPointerMove={() => setChosen(keyOf(item))}
          onClick={() => onPick(item)}
          className={cx("cursor-default rounded-md px-2.5 py-1.5 max-desk:min-h-[44px]", index === active && "bg-sunken")}
        >
          {renderItem(item)}
        </div>
      ))}
    </div>
  );
  return (
    <div className={cx("flex", upwards ? "flex-col-reverse" : "flex-col")}>
      <input
        ref={box}
        role="combobox"
        aria-label={label}
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={activeId}
        autoComplete="off"
        maxLength={maxLength}
        placeholder={placeholder ?? label}
        value={query}
        onChange={(event) => {
          setChosen(null);
          takesFirst.current = false;
          onQuery(event.target.value);
        }}
        onKeyDown={onKeyDown}
        className="h-10 w-full rounded-md border border-edge bg-surface px-3 text-ink placeholder:text-ink-3 max-desk:h-[44px] [@media(hover:none)]:text-title"
      />
      {list}
      <p role="status" className={cx(shown.length > 0 ? "sr-only" : "px-3 py-2 text-note text-ink-2")}>
        {items === undefined ? "Loading" : shown.length === 0 ? empty : `${shown.length} ${shown.length === 1 ? "result" : "results"}`}
      </p>
    </div>
  );
}

const KEYS: Record<string, "close" | "take" | 1 | -1 | undefined> = { Escape: "close", Enter: "take", ArrowDown: 1, ArrowUp: -1 };
