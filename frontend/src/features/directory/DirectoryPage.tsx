/** A searchable list of records. The search is in the address; typing changes it without filling the history. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useCallback, type ReactNode } from "react";

import { DirectoryFilters, type FilterChange } from "./DirectoryFilters";
import type { DirectoryFilter } from "@/api/keys";
import { Skeleton } from "@/ui/bits";
import { EndlessList } from "@/ui/EndlessList";
import { SearchIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";
import { EmptyState, ErrorState } from "@/ui/states";

const ROW_HEIGHT = 68;

export interface DirectoryListProps {
  filter: DirectoryFilter;
  onFilter: (changed: FilterChange) => void;
}

interface DirectoryPageProps<Item extends { id: string }> {
  title: string;
  searchLabel: string;
  filter: DirectoryFilter;
  onFilter: (changed: FilterChange) => void;
  /** Families are. */
  filtersByClass?: boolean;
  query: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>;
  renderRow: (item: Item) => ReactNode;
  icon: ReactNode;
  emptyTitle: string;
  /** Stands beside the search. */
  action?: ReactNode;
}

export function DirectoryPage<Item extends { id: string }>({
  title, searchLabel, filter, onFilter, filtersByClass = false, query, renderRow, icon, emptyTitle, action,
}: DirectoryPageProps<Item>) {
  const { q, tag, classId } = filter;
  const isNarrowed = Boolean(q || tag || classId);
  const onSearch = useCallback((text: string) => onFilter({ q: text || undefined }), [onFilter]);
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto flex max-w-[880px] flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3.5">
          <h1 className="text-page font-heading max-desk:flex-1">{title}</h1>
          <SearchBox label={searchLabel} q={q} onSearch={onSearch} className="min-w-0 flex-[1_1_260px] max-desk:order-1 max-desk:basis-full" />
          {action}
          <DirectoryFilters filter={filter} onFilter={onFilter} filtersByClass={filtersByClass} />
        </div>
      </header>
      {items === undefined ? (
        query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Loading />
        )
      ) : items.length === 0 ? (
        <EmptyState icon={isNarrowed ? <SearchIcon /> : icon} title={q ? `Nothing found for “${q}”` : isNarrowed ? "Nobody here fits" : emptyTitle} className="flex-1">
          {q ? "Names, children’s names and phone numbers are searched; part of one is enough." : isNarrowed && "Take off the tag or the class to see everybody."}
        </EmptyState>
      ) : (
        <EndlessList
          label={title}
          items={items}
          query={query}
          rowHeight={ROW_HEIGHT}
          renderRow={renderRow}
          className="mx-auto max-w-[880px]"
          rowClassName="px-2"
        />
      )}
    </main>
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
