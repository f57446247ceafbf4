/** A searchable list of records. The search is in the address; typing changes it without filling the history. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type ReactNode } from "react";

import { Skeleton } from "@/ui/bits";
import { SearchField } from "@/ui/fields";
import { SearchIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";

const TYPING_MS = 200;
const ROW_HEIGHT = 68;
const LOAD_AHEAD = 12;

interface DirectoryPageProps<Item extends { id: string }> {
  title: string;
  searchLabel: string;
  q: string;
  onSearch: (q: string) => void;
  query: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>;
  renderRow: (item: Item) => ReactNode;
  icon: ReactNode;
  emptyTitle: string;
  /** Stands beside the search. */
  action?: ReactNode;
}

export function DirectoryPage<Item extends { id: string }>({
  title, searchLabel, q, onSearch, query, renderRow, icon, emptyTitle, action,
}: DirectoryPageProps<Item>) {
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto flex max-w-[880px] flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3.5">
          <h1 className="text-page font-heading">{title}</h1>
          <Search label={searchLabel} q={q} onSearch={onSearch} />
          {action}
        </div>
      </header>
      {items === undefined ? (
        query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Loading />
        )
      ) : items.length === 0 ? (
        <EmptyState icon={q ? <SearchIcon /> : icon} title={q ? `Nothing found for “${q}”` : emptyTitle} className="flex-1">
          {q && "Names and phone numbers are searched; part of either is enough."}
        </EmptyState>
      ) : (
        <Rows title={title} items={items} query={query} renderRow={renderRow} />
      )}
    </main>
  );
}

function Search({ label, q, onSearch }: { label: string; q: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(q);
  const [searched, setSearched] = useState(q);
  // Going back in the history changes the address from outside.
  if (q !== searched) {
    setSearched(q);
    if (q !== text.trim()) setText(q);
  }
  useEffect(() => {
    if (text.trim() === searched) return;
    const timer = setTimeout(() => {
      setSearched(text.trim());
      onSearch(text.trim());
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, searched, onSearch]);

  return (
    <SearchField
      label={label}
      shortcut="/"
      value={text}
      onChange={(event) => setText(event.target.value)}
      className="min-w-0 flex-[1_1_260px]"
    />
  );
}

function Rows<Item extends { id: string }>({
  title, items, query, renderRow,
}: Pick<DirectoryPageProps<Item>, "title" | "query" | "renderRow"> & { items: Item[] }) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const scroller = useRef<HTMLDivElement>(null);
  // The compiler leaves this component alone: a virtualizer's methods return new values on every render.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
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

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
      <ul aria-label={title} className="relative mx-auto max-w-[880px]" style={{ height: virtualizer.getTotalSize() }}>
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
                className="absolute inset-x-0 top-0 px-2"
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

function Loading() {
  return (
    <div role="status" className="mx-auto w-full max-w-[880px] p-2">
      <span className="sr-only">Loading</span>
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="flex gap-3 p-3">
          <Skeleton className="size-9 shrink-0 !rounded-full" />
          <div className="flex-1 space-y-2 pt-1">
            <Skeleton className="h-3 w-1/4" />
            <Skeleton className="h-3 w-2/5" />
          </div>
        </div>
      ))}
    </div>
  );
}
