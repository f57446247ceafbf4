/** Loads all that a thread shows. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { notYetShown } from "./pending";
import { conversationQuery, useKnownRow } from "@/api/conversations";
import { usePendingItems } from "@/api/outbox-context";
import { useLiveState } from "@/api/realtime";
import type { Anchor } from "@/api/thread";
import { useThreadEntries } from "@/api/thread-window";

export function useThread(conversationId: string, around: Anchor | null) {
  const conversation = useQuery({ ...conversationQuery(conversationId), staleTime: 0 });
  const thread = useThreadEntries(conversationId, around);
  const outgoing = usePendingItems(conversationId);
  const row = useKnownRow(conversationId);
  const liveState = useLiveState();

  const { entries, messages } = thread;
  const pending = useMemo(() => notYetShown(outgoing, messages), [outgoing, messages]);

  // What had been seen when the thread was opened here: of the row while events keep both, or while nothing newer can be had;
  // else of a fresh answer.
  const isBestKnown = row !== undefined && (liveState === "lost" || (thread.wasKept && liveState === "live"));
  const isFresh = thread.isFetchedAfterMount && conversation.isFetchedAfterMount && conversation.isSuccess;
  const seenBefore = thread.data === undefined ? undefined : isBestKnown ? row.seen_seq : isFresh ? conversation.data.seen_seq : undefined;

  return { conversation, shown: conversation.data ?? row, thread, messages, entries, pending, seenBefore };
}
