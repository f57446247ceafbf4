/**
 * A list of rows of any height: only those on screen exist, and the next page loads before its first row is reached.
 *
 * No frame has a hole. A scroll event renders the rows of its frame before that is painted. The browser also scrolls between
 * two events, by itself: behind the rows the list shows placeholder rows, painted without elements. They stand below the last
 * row too while a page is loading.
 */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { createContext, Fragment, use, useEffect, useEffectEvent, useImperativeHandle, useReducer, useRef, useState, type CSSProperties, type ReactNode, type Ref, type RefObject } from "react";
import { flushSync } from "react-dom";
import { Virtualizer, type CustomContainerComponentProps, type CustomItemComponentProps, type VirtualizerHandle } from "virtua";

import { ErrorState } from "./states";
import { cx } from "@/lib/cx";

/** The next page is loaded when this many rows are left: a fast scroll passes a hundred in a second. */
const LOAD_AHEAD = 100;
const PADDING_PX = 8;
/** Rows beyond the edge of the screen: for the keyboard, and for what the browser scrolls before it tells. */
const AHEAD_PX = 800;
/** Placeholder rows where the next page will stand: more than a screen. */
const PLACEHOLDERS = 25;

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
  /** About how high a row is, in pixels, before it has been measured. */
  rowHeight: number;
}

interface EndlessListProps<Item extends { id: string }> extends Omit<Shape, "size"> {
  ref?: Ref<ListHandle>;
  items: Item[];
  query: Pick<UseInfiniteQueryResult, "error" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage">;
  renderRow: (item: Item) => ReactNode;
  /** The id of a row that stays rendered when it is scrolled away, as the focused one does, so that the keyboard finds it. */
  keptId?: string | undefined;
}

const ShapeContext = createContext<Shape>({ label: "", size: 0, rowHeight: 0 });

export function EndlessList<Item extends { id: string }>({
  ref, label, items, query, rowHeight, renderRow, keptId, className, rowClassName,
}: EndlessListProps<Item>) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useRef<VirtualizerHandle>(null);
  const focusedId = useFocusedId(scroller, items);
  const [, renderAgain] = useReducer((times: number) => times + 1, 0);
  // The row that is to get the focus may be far away: it is rendered for that, wherever the list stands.
  const [wanted, setWanted] = useState(-1);
  const kept = [...[keptId, focusedId].map((id) => (id === undefined ? -1 : items.findIndex((item) => item.id === id))), wanted];

  const loadWhenNear = () => {
    const shown = virtualizer.current;
    if (!shown || !hasNextPage || isFetchingNextPage || isFetchNextPageError) return;
    const lastShown = shown.findItemIndex(shown.scrollOffset + shown.viewportSize);
    // The first page is short, and enough for who does not scroll.
    if (lastShown >= items.length - Math.min(LOAD_AHEAD, items.length / 2)) void fetchNextPage();
  };
  useEffect(loadWhenNear);

  const heedAnimation = useAnimatedScroll(scroller, virtualizer);
  const followScroll = () => {
    // virtua renders after the frame if the list moves by less than a screen, and what it renders ahead may be less.
    if (virtualizer.current && !hasRowsOnScreen(virtualizer.current, scroller.current)) flushSync(renderAgain);
    heedAnimation();
    loadWhenNear();
  };

  useImperativeHandle(ref, () => ({
    ids: () => items.map((item) => item.id),
    focusRow: (index) => {
      virtualizer.current?.scrollToIndex(index, { align: "nearest" });
      const focus = () => {
        const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
        row?.focus({ preventScroll: true });
        return row != null;
      };
      if (focus()) return;
      // At once: of a key held down, the next press starts from this row.
      flushSync(() => setWanted(index));
      focus();
    },
  }));

  return (
    // The placeholders give way to the next page: they are nothing to scroll along with.
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]" style={{ paddingBlock: PADDING_PX }}>
      <ShapeContext value={{ label, className, rowClassName, size: hasNextPage ? -1 : items.length, rowHeight }}>
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
          onScroll={followScroll}
          onResize={loadWhenNear}
        >
          {(item) => <Fragment key={item.id}>{renderRow(item)}</Fragment>}
        </Virtualizer>
      </ShapeContext>
      {hasNextPage && !isFetchNextPageError && (
        <div aria-hidden="true" className={cx("placeholder-rows", className)} style={{ ...placeholders(rowHeight), height: PLACEHOLDERS * rowHeight }} />
      )}
      {isFetchNextPageError && <ErrorState title="The rest couldn't be loaded" error={query.error} onRetry={() => void fetchNextPage()} />}
    </div>
  );
}

/** For the class `placeholder-rows`. */
const placeholders = (rowHeight: number) => ({ "--row": `${rowHeight}px` }) as CSSProperties;

/** Frames without a movement after which a scroll has ended. */
const STILL_FRAMES = 10;

/**
 * Keys scroll by an animation, which the browser advances in each frame after that frame's scroll event. Returns a function to
 * call at a scroll event: until the list stands still it is told, in each frame, where that frame paints it.
 */
function useAnimatedScroll(scroller: RefObject<HTMLElement | null>, list: RefObject<VirtualizerHandle | null>): () => void {
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return () => {
    if (frame.current !== 0) return;
    let [last, still] = [-1, 0];
    const look = () => {
      const top = scroller.current?.scrollTop ?? last;
      still = top === last ? still + 1 : 0;
      last = top;
      if (still === 0 && top !== list.current?.scrollOffset) scroller.current?.dispatchEvent(new Event("scroll"));
      frame.current = still < STILL_FRAMES ? requestAnimationFrame(look) : 0;
    };
    frame.current = requestAnimationFrame(look);
  };
}

/** Whether each row of the part on screen exists. */
function hasRowsOnScreen(list: VirtualizerHandle, scroller: HTMLElement | null): boolean {
  const [first, last] = [list.findItemIndex(list.scrollOffset), list.findItemIndex(list.scrollOffset + list.viewportSize)];
  const rows = scroller?.querySelectorAll<HTMLElement>(":scope > ul > [data-index]") ?? [];
  const shown = [...rows].filter(({ dataset }) => Number(dataset.index) >= first && Number(dataset.index) <= last);
  return shown.length > last - first;
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
  const { label, className, rowHeight } = use(ShapeContext);
  return (
    <ul ref={ref as Ref<HTMLUListElement>} aria-label={label} className={cx("placeholder-rows", className)} style={{ ...style, ...placeholders(rowHeight) }}>
      {children}
    </ul>
  );
}

function Row({ ref, style, index, children }: CustomItemComponentProps) {
  const { size, rowClassName } = use(ShapeContext);
  return (
    <li ref={ref as Ref<HTMLLIElement>} data-index={index} aria-setsize={size} aria-posinset={index + 1} className={cx("bg-surface", rowClassName)} style={style}>
      {children}
    </li>
  );
}
