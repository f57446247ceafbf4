/** The conversations themselves: only the rows on screen exist, and the next page loads before its first row is reached. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { lazy, Suspense, useEffect, useRef, type Ref } from "react";

import { ConversationRow } from "./ConversationRow";
import type { Conversation, ConversationStatus } from "@/api/types";
import { Skeleton } from "@/ui/bits";
import type { ListHandle } from "@/ui/EndlessList";
import { ErrorState } from "@/ui/states";

const EmptyInbox = lazy(() => import("./EmptyInbox"));

const ROW_HEIGHT = 62;
const LOAD_AHEAD = 12;

interface ConversationListProps {
  ref: Ref<ListHandle>;
  query: Pick<
    UseInfiniteQueryResult,
    "isPending" | "isError" | "error" | "refetch" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage"
  >;
  conversations: Conversation[] | undefined;
  status: ConversationStatus | undefined;
  selectedId: string | undefined;
}

export function ConversationList({ ref, query, conversations, status, selectedId }: ConversationListProps) {
  const { isPending, isError, error, refetch } = query;
  if (conversations === undefined) {
    if (isError) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return isPending ? <Loading /> : null;
  }
  if (conversations.length === 0) {
    return (
      <Suspense fallback={null}>
        <EmptyInbox status={status} />
      </Suspense>
    );
  }
  return <Rows ref={ref} query={query} conversations={conversations} status={status} selectedId={selectedId} />;
}

function Rows({ ref, query, conversations, status, selectedId }: ConversationListProps & { conversations: Conversation[] }) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const scroller = useRef<HTMLDivElement>(null);
  const count = conversations.length;
  // The compiler leaves this component alone: a virtualizer's methods return new values on every render.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => conversations[index]?.id ?? index,
    overscan: 8,
    paddingStart: 6,
    paddingEnd: 6,
    initialRect: { width: 344, height: 900 },
  });
  const rows = virtualizer.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError && lastShown >= count - LOAD_AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, lastShown, count, fetchNextPage]);

  useEffect(() => {
    const handle: ListHandle = {
      ids: () => conversations.map((conversation) => conversation.id),
      focusRow: (index) => {
        virtualizer.scrollToIndex(index);
        // The row may exist only after the scroll has been rendered.
        requestAnimationFrame(() => {
          scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus({ preventScroll: true });
        });
      },
    };
    if (typeof ref === "function") ref(handle);
    else if (ref) ref.current = handle;
  });

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
      <ul aria-label="Conversations" className="relative w-full" style={{ height: virtualizer.getTotalSize() }}>
        {rows.map((row) => {
          const conversation = conversations[row.index];
          if (!conversation) return null;
          return (
            <li
              key={row.key}
              data-index={row.index}
              aria-setsize={hasNextPage ? -1 : count}
              aria-posinset={row.index + 1}
              className="absolute inset-x-0 top-0 px-1.5"
              style={{ height: row.size, transform: `translateY(${row.start}px)` }}
            >
              <ConversationRow conversation={conversation} status={status} selected={conversation.id === selectedId} />
            </li>
          );
        })}
      </ul>
      {isFetchNextPageError && <ErrorState title="The rest couldn't be loaded" error={query.error} onRetry={() => void fetchNextPage()} />}
    </div>
  );
}

function Loading() {
  return (
    <div role="status" className="flex-1 overflow-hidden p-1.5">
      <span className="sr-only">Loading conversations</span>
      {Array.from({ length: 9 }, (_, index) => (
        <div key={index} className="flex gap-2.5 p-2.5">
          <Skeleton className="size-9 shrink-0 !rounded-full" />
          <div className="flex-1 space-y-2 pt-1">
            <Skeleton className={index % 2 ? "h-3 w-2/5" : "h-3 w-3/5"} />
            <Skeleton className="h-3 w-4/5" />
          </div>
        </div>
      ))}
    </div>
  );
}
