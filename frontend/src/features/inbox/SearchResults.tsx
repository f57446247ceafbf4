/** The results of a message search, newest first, in place of the list. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";

import { SearchResultRow } from "./SearchResultRow";
import { isProblem, PROBLEM } from "@/api/problem";
import { messageSearchQuery } from "@/api/search";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/text";
import { Skeleton } from "@/ui/bits";
import { EndlessList, type ListHandle } from "@/ui/EndlessList";
import { SearchIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";

const ROW_HEIGHT = 82;
const LINK = "font-strong text-accent underline underline-offset-2";

/** One letter begins nearly every message. A digit, an emoji or a Chinese character is a word. */
const TOO_SHORT = /^["“]?\p{Script=Latin}$/u;

interface SearchResultsProps {
  ref: Ref<ListHandle>;
  q: string;
  selectedId: string | undefined;
  selectedSeq: number | undefined;
}

export default function SearchResults({ q, ...props }: SearchResultsProps) {
  if (TOO_SHORT.test(q)) {
    return (
      <EmptyState icon={<SearchIcon />} title="Keep typing" className="flex-1">
        Two letters or more find messages that have a word beginning with them.
      </EmptyState>
    );
  }
  return <Found q={q} {...props} />;
}

function Found({ ref, q, selectedId, selectedSeq }: SearchResultsProps) {
  const query = useInfiniteQuery(messageSearchQuery(q));
  if (query.isError && !query.isFetchNextPageError) {
    if (isProblem(query.error, PROBLEM.searchTooBroad) || isProblem(query.error, PROBLEM.validation)) {
      return (
        <Announced>
          <EmptyState icon={<SearchIcon />} title={query.error.problem.title} className="flex-1">
            {query.error.message}
          </EmptyState>
        </Announced>
      );
    }
    return <ErrorState title="The search didn't work" error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!query.data) return <Loading />;
  const items = query.data.pages.flatMap((page) => page.items).map((result) => ({ id: result.message.id, result }));
  if (items.length === 0) return <NothingFound q={q} />;
  return (
    <div className={cx("flex min-h-0 flex-1 flex-col transition-opacity", query.isPlaceholderData && "opacity-60")}>
      <p role="status" className="border-b border-line px-4 pt-1 pb-2 text-meta text-ink-2">
        {query.hasNextPage ? `More than ${items.length} messages` : plural(items.length, "message")}, newest first
      </p>
      <EndlessList
        // A new search starts at the top.
        key={q}
        ref={ref}
        label="Search results"
        items={items}
        query={query}
        rowHeight={ROW_HEIGHT}
        rowClassName="px-1.5"
        renderRow={({ result }) => (
          <SearchResultRow
            result={result}
            selected={result.conversation.id === selectedId && result.message.seq === selectedSeq}
          />
        )}
      />
    </div>
  );
}

function NothingFound({ q }: { q: string }) {
  return (
    <Announced>
      <EmptyState
        icon={<SearchIcon />}
        title={`No message says “${q}”`}
        className="flex-1"
        action={
          <p className="flex flex-col gap-2">
            <Link to="/families" search={{ q }} className={LINK}>
              Search Families for it
            </Link>
            <Link to="/staff" search={{ q }} className={LINK}>
              Search Staff for it
            </Link>
          </p>
        }
      >
        Only what messages say is searched here. Names and phone numbers are found on the Families and Staff pages.
      </EmptyState>
    </Announced>
  );
}

function Announced({ children }: { children: ReactNode }) {
  return (
    <div role="status" className="flex flex-1 flex-col">
      {children}
    </div>
  );
}

function Loading() {
  return (
    <div role="status" className="flex-1 overflow-hidden p-1.5">
      <span className="sr-only">Searching</span>
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="flex gap-2.5 p-2.5">
          <Skeleton className="size-9 shrink-0 !rounded-full" />
          <div className="flex-1 space-y-2 pt-1">
            <Skeleton className={index % 2 ? "h-3 w-2/5" : "h-3 w-3/5"} />
            <Skeleton className="h-3 w-full" />
            <Skeleton className="h-3 w-3/5" />
          </div>
        </div>
      ))}
    </div>
  );
}
