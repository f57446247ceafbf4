/** A thread on the screen: a window that grows at both ends, and by itself when something comes. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { writerOf } from "./cache-writer";
import { PAGE, readPage, threadQuery, type Anchor } from "./thread";
import { itemEntry, joinEntries, messageEntry, messagesOf } from "./thread-entries";

/** Adds the page before the first entry, or after the last. */
async function extend(queryClient: QueryClient, conversationId: string, around: Anchor | null, end: "older" | "newer"): Promise<void> {
  const { queryKey } = threadQuery(conversationId, around);
  const known = queryClient.getQueryData(queryKey);
  const edge = end === "older" ? known?.entries[0] : known?.entries.at(-1);
  if (!edge?.position) return;
  const writer = writerOf(queryClient);
  const asOf = writer.now();
  const page = await readPage(conversationId, end === "older" ? { before: edge.position } : { after: edge.position }, PAGE);
  const read = page.items.map(itemEntry).map((entry) =>
    entry.kind === "message" ? messageEntry(writer.readMessage(entry.message, asOf), entry.position) : entry,
  );
  queryClient.setQueryData(queryKey, (window) => {
    if (!window) return undefined;
    const entries = joinEntries(read, window.entries);
    return end === "older" ? { ...window, entries, hasOlder: page.has_before } : { ...window, entries, hasNewer: page.has_after };
  });
  if (end === "newer" && !page.has_after) writer.completeThread(conversationId, queryKey, asOf);
}

export function useThreadEntries(conversationId: string, around: Anchor | null) {
  const queryClient = useQueryClient();
  const query = useQuery(threadQuery(conversationId, around));
  // Events have kept a thread that was loaded before as it is, unless one may have been missed.
  const [wasKept] = useState(() => {
    const before = queryClient.getQueryState(threadQuery(conversationId, around).queryKey);
    return before?.data !== undefined && !before.isInvalidated;
  });
  const older = useMutation({ mutationFn: () => extend(queryClient, conversationId, around, "older"), scope: { id: `thread-${conversationId}` } });
  const newer = useMutation({ mutationFn: () => extend(queryClient, conversationId, around, "newer"), scope: { id: `thread-${conversationId}` } });
  const { data } = query;
  const { mutate: readOlder, isPending: isLoadingOlder, error: olderError } = older;
  const { mutate: readNewer, isPending: isLoadingNewer, isError: hasNewerFailed } = newer;
  const hasOlder = data?.hasOlder ?? false;
  const hasNewer = data?.hasNewer ?? false;
  // Called at each scroll near the edge: one that failed is tried again by the person.
  const loadOlder = useCallback(() => {
    if (hasOlder && !isLoadingOlder && !olderError) readOlder();
  }, [hasOlder, isLoadingOlder, olderError, readOlder]);
  const loadNewer = useCallback(() => {
    if (hasNewer && !isLoadingNewer && !hasNewerFailed) readNewer();
  }, [hasNewer, isLoadingNewer, hasNewerFailed, readNewer]);
  const entries = useMemo(() => data?.entries ?? [], [data]);
  const messages = useMemo(() => messagesOf(entries), [entries]);
  return { ...query, wasKept, entries, messages, hasOlder, hasNewer, isLoadingOlder, olderError, loadOlder, loadNewer, retryOlder: () => readOlder() };
}
