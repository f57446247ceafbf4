/** The conversations of a tab, or why there are none. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { lazy, Suspense, type Ref } from "react";

import { ConversationRow } from "./ConversationRow";
import type { Selection } from "./useSelection";
import type { Conversation } from "@/api/types";
import type { InboxFilter } from "@/lib/inbox-search";
import { Skeleton } from "@/ui/bits";
import { EndlessList, type ListHandle } from "@/ui/EndlessList";
import { ErrorState } from "@/ui/states";

const EmptyInbox = lazy(() => import("./EmptyInbox"));

const ROW_HEIGHT = 58;

interface ConversationListProps {
  ref: Ref<ListHandle>;
  query: Pick<
    UseInfiniteQueryResult,
    "isPending" | "isError" | "error" | "refetch" | "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage"
  >;
  conversations: Conversation[] | undefined;
  filter: InboxFilter;
  selectedId: string | undefined;
  selection: Selection;
  /** The organization has several lines: each row names its own. */
  namesLines: boolean;
}

export function ConversationList({ ref, query, conversations, filter, selectedId, selection, namesLines }: ConversationListProps) {
  const { isPending, isError, error, refetch } = query;
  if (conversations === undefined) {
    if (isError) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return isPending ? <Loading /> : null;
  }
  if (conversations.length === 0) {
    return (
      <Suspense fallback={null}>
        <EmptyInbox filter={filter} />
      </Suspense>
    );
  }
  return (
    <EndlessList
      ref={ref}
      label="Conversations"
      items={conversations}
      query={query}
      rowHeight={ROW_HEIGHT}
      rowClassName="px-1.5"
      keptId={selectedId}
      renderRow={(conversation) => (
        <ConversationRow
          conversation={conversation}
          selected={conversation.id === selectedId}
          namesLine={namesLines}
          checked={selection.ids.has(conversation.id)}
          selecting={selection.ids.size > 0}
          onToggle={selection.toggle}
        />
      )}
    />
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
