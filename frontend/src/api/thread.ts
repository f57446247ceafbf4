/** Threads: a window that grows at both ends, and by itself when something comes. */
import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import { joinEntries, messageEntry, type ThreadData } from "./thread-entries";
import type { MessagePage } from "./types";

const PAGE = 50;
/** After a gap in the events these many of the newest are read again: their delivery may have changed. */
const READ_AGAIN = 50;
const MOST = 200;
/** More than this is loaded by scrolling. */
const CATCH_UP_PAGES = 5;

/** Where a page of a thread starts; without any, at the newest. */
interface ThreadWindow {
  before_seq?: number;
  after_seq?: number;
  around_seq?: number;
}

/** The messages of a conversation: the newest, or with `aroundSeq` those around a message (a search result). */
export function threadQuery(conversationId: string, aroundSeq: number | null = null) {
  const queryKey = keys.threadFrom(conversationId, aroundSeq);
  return queryOptions({
    queryKey,
    queryFn: async ({ client: queryClient, signal }): Promise<ThreadData> => {
      const asOf = writerOf(queryClient).now();
      const known = queryClient.getQueryData<ThreadData>(queryKey);
      if (known && known.entries.length > 0) return catchUp(queryClient, conversationId, queryKey, known, signal);
      const page = await readPage(conversationId, aroundSeq === null ? {} : { around_seq: aroundSeq }, PAGE, signal);
      return { entries: page.items.map(messageEntry), hasOlder: page.has_before, hasNewer: page.has_after, asOf };
    },
  });
}

function readPage(conversationId: string, window: ThreadWindow, limit: number, signal?: AbortSignal): Promise<MessagePage> {
  return unwrap(
    client.GET("/api/v1/conversations/{conversation_id}/messages", {
      params: { path: { conversation_id: conversationId }, query: { ...window, limit } },
      ...(signal && { signal }),
    }),
  );
}

/** The window with what has come after its last message, and with its newest messages as they are now. */
async function catchUp(
  queryClient: QueryClient,
  conversationId: string,
  queryKey: readonly unknown[],
  known: ThreadData,
  signal: AbortSignal,
): Promise<ThreadData> {
  const asOf = writerOf(queryClient).now();
  let after = ((known.entries.at(-READ_AGAIN) ?? known.entries[0])?.message.seq ?? 1) - 1;
  const read: MessagePage["items"] = [];
  let hasNewer = true;
  for (let pages = 0; hasNewer && pages < CATCH_UP_PAGES; pages += 1) {
    const page = await readPage(conversationId, { after_seq: after }, MOST, signal);
    read.push(...page.items);
    after = page.items.at(-1)?.seq ?? after;
    // Opened far up: what follows is loaded by scrolling.
    hasNewer = page.has_after;
    if (known.hasNewer) break;
  }
  // Older ones may have been loaded meanwhile.
  const current = queryClient.getQueryData<ThreadData>(queryKey) ?? known;
  const kept = current.entries.filter((entry) => !hasNewer || entry.message.seq <= after);
  return { entries: joinEntries(kept, read.map(messageEntry)), hasOlder: current.hasOlder, hasNewer, asOf };
}

/** Adds the page before the first message, or after the last. */
async function extend(queryClient: QueryClient, conversationId: string, aroundSeq: number | null, end: "older" | "newer"): Promise<void> {
  const { queryKey } = threadQuery(conversationId, aroundSeq);
  const known = queryClient.getQueryData(queryKey);
  const edge = end === "older" ? known?.entries[0] : known?.entries.at(-1);
  if (!edge) return;
  const writer = writerOf(queryClient);
  const asOf = writer.now();
  const page = await readPage(conversationId, end === "older" ? { before_seq: edge.message.seq } : { after_seq: edge.message.seq }, PAGE);
  const read = page.items.map((message) => messageEntry(writer.readMessage(message, asOf)));
  queryClient.setQueryData(queryKey, (window) => {
    if (!window) return undefined;
    const entries = joinEntries(read, window.entries);
    return end === "older" ? { ...window, entries, hasOlder: page.has_before } : { ...window, entries, hasNewer: page.has_after };
  });
  if (end === "newer" && !page.has_after) writer.completeThread(conversationId, queryKey, asOf);
}

export function useThreadEntries(conversationId: string, aroundSeq: number | null) {
  const queryClient = useQueryClient();
  const query = useQuery(threadQuery(conversationId, aroundSeq));
  // Events have kept a thread that was loaded before as it is, unless one may have been missed.
  const [wasKept] = useState(() => {
    const before = queryClient.getQueryState(threadQuery(conversationId, aroundSeq).queryKey);
    return before?.data !== undefined && !before.isInvalidated;
  });
  const older = useMutation({ mutationFn: () => extend(queryClient, conversationId, aroundSeq, "older"), scope: { id: `thread-${conversationId}` } });
  const newer = useMutation({ mutationFn: () => extend(queryClient, conversationId, aroundSeq, "newer"), scope: { id: `thread-${conversationId}` } });
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
  const messages = useMemo(() => data?.entries.map((entry) => entry.message) ?? [], [data]);
  return { ...query, wasKept, messages, hasOlder, hasNewer, isLoadingOlder, olderError, loadOlder, loadNewer, retryOlder: () => readOlder() };
}
