/** The results of a message search, newest first, in place of the list. */
import { useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";

import { NoteResultRow, SearchResultRow } from "./SearchResultRow";
import { isProblem, PROBLEM } from "@/api/problem";
import { messageSearchQuery, noteSearchQuery } from "@/api/search";
import { cx } from "@/lib/cx";
import { withFilter } from "@/lib/inbox-search";
import { plural } from "@/lib/text";
import { Skeleton } from "@/ui/bits";
import { EndlessList, type ListHandle } from "@/ui/EndlessList";
import { SearchIcon } from "@/ui/icons";
import { tabLook } from "@/ui/look";
import { EmptyState, ErrorState } from "@/ui/states";

const ROW_HEIGHT = 82;
const LINK = "font-strong text-accent underline underline-offset-2";

/** One letter begins nearly every message. A digit, an emoji or a Chinese character is a word. */
const TOO_SHORT = /^["“]?\p{Script=Latin}$/u;

interface SearchResultsProps {
  ref: Ref<ListHandle>;
  q: string;
  /** Internal notes are searched, instead of texts. */
  inNotes: boolean;
  selectedId: string | undefined;
  selectedSeq: number | undefined;
}

export default function SearchResults({ q, inNotes, ...props }: SearchResultsProps) {
  return (
    <>
      <Where inNotes={inNotes} />
      {TOO_SHORT.test(q) ? (
        <EmptyState icon={<SearchIcon />} title="Keep typing" className="flex-1">
          Two letters or more find {inNotes ? "notes" : "messages"} that have a word beginning with them.
        </EmptyState>
      ) : inNotes ? (
        <FoundNotes q={q} {...props} />
      ) : (
        <FoundMessages q={q} {...props} />
      )}
    </>
  );
}

/** What is searched: what was texted, or the notes of colleagues. */
function Where({ inNotes }: { inNotes: boolean }) {
  return (
    <nav aria-label="Search in" className="flex border-b border-line px-2">
      <Link to="." search={withFilter({ notes: undefined })} activeOptions={{ exact: true }} aria-current={inNotes ? undefined : "page"} className={tabLook(!inNotes)}>
        Texts
      </Link>
      <Link to="." search={withFilter({ notes: true })} activeOptions={{ exact: true }} aria-current={inNotes ? "page" : undefined} className={tabLook(inNotes)}>
        Internal notes
      </Link>
    </nav>
  );
}

type FoundProps = Omit<SearchResultsProps, "inNotes">;

function FoundMessages({ q, ref, selectedId, selectedSeq }: FoundProps) {
  const query = useInfiniteQuery(messageSearchQuery(q));
  const items = query.data?.pages.flatMap((page) => page.items).map((result) => ({ id: result.message.id, result }));
  return (
    <Found
      q={q}
      listRef={ref}
      query={query}
      items={items}
      noun="message"
      nothing={<NothingFound q={q} />}
      renderRow={({ result }) => (
        <SearchResultRow result={result} selected={result.conversation.id === selectedId && result.message.seq === selectedSeq} />
      )}
    />
  );
}

function FoundNotes({ q, ref, selectedId }: FoundProps) {
  const query = useInfiniteQuery(noteSearchQuery(q));
  const items = query.data?.pages.flatMap((page) => page.items).map((result) => ({ id: result.note.id, result }));
  return (
    <Found
      q={q}
      listRef={ref}
      query={query}
      items={items}
      noun="note"
      nothing={<NoNoteFound q={q} />}
      renderRow={({ result }) => <NoteResultRow result={result} selected={result.conversation.id === selectedId} />}
    />
  );
}

interface FoundListProps<Item extends { id: string }> {
  q: string;
  listRef: Ref<ListHandle>;
  query: Pick<
    UseInfiniteQueryResult,
    "isError" | "error" | "refetch" | "isPlaceholderData" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage"
  >;
  items: Item[] | undefined;
  noun: string;
  nothing: ReactNode;
  renderRow: (item: Item) => ReactNode;
}

function Found<Item extends { id: string }>({ q, listRef, query, items, noun, nothing, renderRow }: FoundListProps<Item>) {
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
  if (!items) return <Loading />;
  if (items.length === 0) return nothing;
  return (
    <div className={cx("flex min-h-0 flex-1 flex-col transition-opacity", query.isPlaceholderData && "opacity-60")}>
      <p role="status" className="border-b border-line px-4 pt-1 pb-2 text-meta text-ink-2">
        {query.hasNextPage ? `More than ${items.length} ${noun}s` : plural(items.length, noun)}, newest first
      </p>
      <EndlessList
        // A new search starts at the top.
        key={q}
        ref={listRef}
        label="Search results"
        items={items}
        query={query}
        rowHeight={ROW_HEIGHT}
        rowClassName="px-1.5"
        renderRow={renderRow}
      />
    </div>
  );
}

function NothingFound({ q }: { q: string }) {
  return (
    <Announced>
      <EmptyState icon={<SearchIcon />} title={`No message says “${q}”`} className="flex-1" action={<Elsewhere q={q} other="notes" />}>
        Only what messages say is searched here, in all conversations. Names and phone numbers are found on the Families and Staff pages.
      </EmptyState>
    </Announced>
  );
}

function NoNoteFound({ q }: { q: string }) {
  return (
    <Announced>
      <EmptyState icon={<SearchIcon />} title={`No note says “${q}”`} className="flex-1" action={<Elsewhere q={q} other="texts" />}>
        Only the internal notes of colleagues are searched here, in all conversations.
      </EmptyState>
    </Announced>
  );
}

/** The same words, looked for elsewhere. */
function Elsewhere({ q, other }: { q: string; other: "notes" | "texts" }) {
  return (
    <p className="flex flex-col items-center gap-2">
      <Link to="/families" search={{ q }} className={LINK}>
        Search Families for it
      </Link>
      <Link to="/staff" search={{ q }} className={LINK}>
        Search Staff for it
      </Link>
      <Link to="." search={withFilter({ notes: other === "notes" || undefined })} className={LINK}>
        {other === "notes" ? "Search the notes for it" : "Search the texts for it"}
      </Link>
    </p>
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
