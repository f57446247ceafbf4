/** A list of rows of any height: only those on screen exist, and the next page loads before its first row is reached. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { createContext, Fragment, use, useEffect, useEffectEvent, useImperativeHandle, useRef, useState, type ReactNode, type Ref, type RefObject } from "react";
import { Virtualizer, type CustomContainerComponentProps, type CustomItemComponentProps, type VirtualizerHandle } from "virtua";

import { ErrorState } from "./states";

/** The next page is loaded when this many rows are left: a fast scroll passes a hundred in a second. */
const LOAD_AHEAD = 100;
const PADDING_PX = 8;
/** Rows beyond the edge of the screen, so that the keyboard finds the next one. */
const AHEAD_PX = 500;

export interface ListHandle {
  /** The ids in the order shown. */
  ids: () => string[];
  /** Scrolls to a row and puts the keyboard focus on it. */
  focusRow: (index: number) => void;
}

interface Shape {
  label: string;
  className?: string | undefined;
  rowClassName?: string | undefined;
  /** The number of rows in all; -1 while unknown. */
  size: number;
}

interface EndlessListProps<Item extends { id: string }> extends Omit<Shape, "size"> {
  ref?: Ref<ListHandle>;
  items: Item[];
  query: Pick<UseInfiniteQueryResult, "error" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage">;
  /** About how high a row is, in pixels, before it has been measured. */
  rowHeight: number;
  renderRow: (item: Item) => ReactNode;
  /** The id of a row that stays rendered when it is scrolled away, as the focused one does, so that the keyboard finds it. */
  keptId?: string | undefined;
}

const ShapeContext = createContext<Shape>({ label: "", size: 0 });

export function EndlessList<Item extends { id: string }>({
  ref, label, items, query, rowHeight, renderRow, keptId, className, rowClassName,
}: EndlessListProps<Item>) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useRef<VirtualizerHandle>(null);
  const focusedId = useFocusedId(scroller, items);
  const kept = [...new Set([keptId, focusedId])].map((id) => (id === undefined ? -1 : items.findIndex((item) => item.id === id)));

  const loadWhenNear = () => {
    const shown = virtualizer.current;
    if (!shown || !hasNextPage || isFetchingNextPage || isFetchNextPageError) return;
    const lastShown = shown.findItemIndex(shown.scrollOffset + shown.viewportSize);
    // The first page is short, and enough for who does not scroll.
    if (lastShown >= items.length - Math.min(LOAD_AHEAD, items.length / 2)) void fetchNextPage();
  };
  useEffect(loadWhenNear);

  useImperativeHandle(ref, () => ({
    ids: () => items.map((item) => item.id),
    focusRow: (index) => {
      virtualizer.current?.scrollToIndex(index, { align: "nearest" });
      const focus = () => {
        const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
        row?.focus({ preventScroll: true });
        return row != null;
      };
      // A row far away exists only after the scroll has been rendered.
      if (!focus()) requestAnimationFrame(focus);
    },
  }));

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto" style={{ paddingBlock: PADDING_PX }}>
      <ShapeContext value={{ label, className, rowClassName, size: hasNextPage ? -1 : items.length }}>
        <Virtualizer
          ref={virtualizer}
          scrollRef={scroller}
          as={Rows}
          item={Row}
          data={items}
          itemSize={rowHeight}
          bufferSize={AHEAD_PX}
          keepMounted={kept.filter((index) => index !== -1)}
          startMargin={PADDING_PX}
          onScroll={loadWhenNear}
          onResize={loadWhenNear}
        >
          {(item) => <Fragment key={item.id}>{renderRow(item)}</Fragment>}
        </Virtualizer>
      </ShapeContext>
      {isFetchNextPageError && <ErrorState title="The rest couldn't be loaded" error={query.error} onRetry={() => void fetchNextPage()} />}
    </div>
  );
}

/** The id of the row with the keyboard focus. It stays while Home and End scroll, so that they and the cursor keep their place. */
function useFocusedId(scroller: RefObject<HTMLElement | null>, items: readonly { id: string }[]): string | undefined {
  const [focusedId, setFocusedId] = useState<string>();
  const follow = useEffectEvent(({ target }: FocusEvent) => {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
    setFocusedId(items[Number(row?.dataset.index ?? -1)]?.id);
  });
  useEffect(() => {
    const element = scroller.current;
    const onFocus = (event: FocusEvent) => follow(event);
    element?.addEventListener("focusin", onFocus);
    return () => element?.removeEventListener("focusin", onFocus);
  }, [scroller]);
  return focusedId;
}

function Rows({ ref, style, children }: CustomContainerComponentProps) {
  const { label, className } = use(ShapeContext);
  return (
    <ul ref={ref as Ref<HTMLUListElement>} aria-label={label} className={className} style={style}>
      {children}
    </ul>
  );
}

function Row({ ref, style, index, children }: CustomItemComponentProps) {
  const { size, rowClassName } = use(ShapeContext);
  return (
    <li ref={ref as Ref<HTMLLIElement>} data-index={index} aria-setsize={size} aria-posinset={index + 1} className={rowClassName} style={style}>
      {children}
    </li>
  );
}
