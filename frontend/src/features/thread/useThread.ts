/** Loads and merges all that a thread shows. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { notYetShown } from "./pending";
import { auditTrailQuery } from "@/api/audit";
import { conversationQuery } from "@/api/conversations";
import { threadQuery } from "@/api/messages";
import { usePendingItems } from "@/api/outbox-context";

export function useThread(conversationId: string, aroundSeq: number | null) {
  const conversation = useQuery({ ...conversationQuery(conversationId), staleTime: 0 });
  const thread = useInfiniteQuery(threadQuery(conversationId, aroundSeq));
  const trail = useInfiniteQuery(auditTrailQuery(conversationId));
  const outgoing = usePendingItems(conversationId);

  const messages = useMemo(() => thread.data?.pages.flatMap((page) => page.items) ?? [], [thread.data]);
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

  return { conversation, thread, trail, messages, entries, pending };
}
