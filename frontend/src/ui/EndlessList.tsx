/** A list of rows of any height: only those on screen exist, and the next page loads before its first row is reached. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useImperativeHandle, useRef, type ReactNode, type Ref } from "react";

import { ErrorState } from "./states";
import { cx } from "@/lib/cx";

const LOAD_AHEAD = 12;

export interface ListHandle {
  /** The ids in the order shown. */
  ids: () => string[];
  /** Scrolls to a row and puts the keyboard focus on it. */
  focusRow: (index: number) => void;
}

interface EndlessListProps<Item extends { id: string }> {
  ref?: Ref<ListHandle>;
  label: string;
  items: Item[];
  query: Pick<UseInfiniteQueryResult, "error" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage">;
  /** About how high a row is, in pixels, before it has been measured. */
  rowHeight: number;
  renderRow: (item: Item) => ReactNode;
  className?: string;
  rowClassName?: string;
}

export function EndlessList<Item extends { id: string }>({
  ref, label, items, query, rowHeight, renderRow, className, rowClassName,
}: EndlessListProps<Item>) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const scroller = useRef<HTMLDivElement>(null);
  // The compiler leaves this component alone: a virtualizer's methods return new values on every render.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 8,
    paddingStart: 8,
    paddingEnd: 8,
    initialRect: { width: 880, height: 900 },
  });
  const rows = virtualizer.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? 0;
  const nearEnd = lastShown >= items.length - LOAD_AHEAD;

  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);

  useImperativeHandle(ref, () => ({
    ids: () => items.map((item) => item.id),
    focusRow: (index) => {
      virtualizer.scrollToIndex(index);
      // The row may exist only after the scroll has been rendered.
      requestAnimationFrame(() => {
        scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus({ preventScroll: true });
      });
    },
  }));

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
      <ul aria-label={label} className={cx("relative w-full", className)} style={{ height: virtualizer.getTotalSize() }}>
        {rows.map((row) => {
          const item = items[row.index];
          return (
            item && (
              <li
                key={row.key}
                ref={virtualizer.measureElement}
                data-index={row.index}
                aria-setsize={hasNextPage ? -1 : items.length}
                aria-posinset={row.index + 1}
                className={cx("absolute inset-x-0 top-0", rowClassName)}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                {renderRow(item)}
              </li>
            )
          );
        })}
      </ul>
      {isFetchNextPageError && <ErrorState title="The rest couldn't be loaded" error={query.error} onRetry={() => void fetchNextPage()} />}
    </div>
  );
}
