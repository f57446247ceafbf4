/** A searchable list of the directory. The search is in the address; typing changes it without filling the history. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useCallback, type ReactNode } from "react";

import type { DirectoryFilter } from "@/api/keys";
import type { DirectorySearch } from "@/lib/directory-search";
import { Skeleton } from "@/ui/bits";
import { EndlessList } from "@/ui/EndlessList";
import { SearchIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";
import { EmptyState, ErrorState } from "@/ui/states";

const ROW_HEIGHT = 68;

export interface DirectoryListProps {
  filter: DirectoryFilter;
  onFilter: (changed: DirectorySearch) => void;
}

interface DirectoryPageProps<Item extends { id: string }> {
  title: string;
  searchLabel: string;
  q: string;
  onFilter: (changed: DirectorySearch) => void;
  filters: ReactNode;
  /** By more than the search. */
  isNarrowed: boolean;
  query: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>;
  renderRow: (item: Item) => ReactNode;
  /** The headings of columns. */
  head?: ReactNode;
  icon: ReactNode;
  emptyTitle: string;
  emptyHint?: ReactNode;
  /** What is searched: stands below "Nothing found". */
  searched: string;
  /** Stands beside the search. */
  action?: ReactNode;
}

export function DirectoryPage<Item extends { id: string }>(props: DirectoryPageProps<Item>) {
  const { title, searchLabel, q, onFilter, filters, query, renderRow, head, action } = props;
  const onSearch = useCallback((text: string) => onFilter({ q: text || undefined }), [onFilter]);
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto flex max-w-[880px] flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3.5">
          <h1 className="text-page font-heading max-desk:flex-1">{title}</h1>
          <SearchBox label={searchLabel} q={q} onSearch={onSearch} className="min-w-0 flex-[1_1_260px] max-desk:order-1 max-desk:basis-full" />
          {action}
          {filters}
        </div>
      </header>
      {items === undefined ? (
        query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Loading />
        )
      ) : items.length === 0 ? (
        <Nothing {...props} />
      ) : (
        <>
          {head}
          <EndlessList
            label={title}
            items={items}
            query={query}
            rowHeight={ROW_HEIGHT}
            renderRow={renderRow}
            className="mx-auto max-w-[880px]"
            rowClassName="px-2"
          />
        </>
      )}
    </main>
  );
}

function Nothing<Item extends { id: string }>({ q, isNarrowed, icon, emptyTitle, emptyHint, searched }: DirectoryPageProps<Item>) {
  const isAll = !q && !isNarrowed;
  return (
    <EmptyState
      icon={isAll ? icon : <SearchIcon />}
      title={q ? `Nothing found for “${q}”` : isNarrowed ? "Nothing here fits" : emptyTitle}
      className="flex-1"
    >
      {isAll ? emptyHint : [q && searched, isNarrowed && "Take off a filter to see more."].filter(Boolean).join(" ")}
    </EmptyState>
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
