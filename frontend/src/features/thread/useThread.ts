/** Loads and merges all that a thread shows. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { notYetShown } from "./pending";
import { auditTrailQuery } from "@/api/audit";
import { conversationQuery, useKnownRow } from "@/api/conversations";
import { usePendingItems } from "@/api/outbox-context";
import { useLiveState } from "@/api/realtime";
import { useThreadEntries } from "@/api/thread";

export function useThread(conversationId: string, aroundSeq: number | null) {
  const conversation = useQuery({ ...conversationQuery(conversationId), staleTime: 0 });
  const thread = useThreadEntries(conversationId, aroundSeq);
  const trail = useInfiniteQuery(auditTrailQuery(conversationId));
  const outgoing = usePendingItems(conversationId);
  const row = useKnownRow(conversationId);
  const isLive = useLiveState() === "live";

  const { messages } = thread;
  const entries = useMemo(() => trail.data?.pages.flatMap((page) => page.items) ?? [], [trail.data]);
  const pending = useMemo(() => notYetShown(outgoing, messages), [outgoing, messages]);

  // Load audit entries as far back as the messages.
  const { hasNextPage, isFetching, isError, fetchNextPage } = trail;
  const firstAt = messages[0]?.created_at;
  const oldestEntryAt = entries.at(-1)?.at;
  const trailIsShort = firstAt !== undefined && oldestEntryAt !== undefined && Date.parse(oldestEntryAt) > Date.parse(firstAt);
  useEffect(() => {
    if (trailIsShort && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [trailIsShort, hasNextPage, isFetching, isError, fetchNextPage]);

  // What had been seen when the thread was opened here: of the row while events keep both, else of a fresh answer.
  const isKept = thread.wasKept && isLive && row !== undefined;
  const isFresh = thread.isFetchedAfterMount && conversation.isFetchedAfterMount && conversation.isSuccess;
  const seenBefore = !thread.isSuccess ? undefined : isKept ? row.seen_seq : isFresh ? conversation.data.seen_seq : undefined;

  return { conversation, shown: conversation.data ?? row, thread, trail, messages, entries, pending, seenBefore };
}
