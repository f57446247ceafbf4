/** Threads: a window that grows at both ends, and by itself when something comes. */
import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import { itemEntry, joinEntries, messageEntry, messagesOf, type ThreadData, type ThreadEntry } from "./thread-entries";
import type { ThreadPage } from "./types";

const PAGE = 50;
/** After a gap in the events these many of the newest are read again: their delivery may have changed. */
const READ_AGAIN = 50;
const MOST = 200;
/** More than this is loaded by scrolling. */
const CATCH_UP_PAGES = 5;

/** The `seq` of a message, or the id of an entry. */
export type Anchor = number | string;

/** Where a page of a thread starts, as positions; without any, at the newest. */
interface ThreadWindow {
  before?: string;
  after?: string;
  around?: string;
}

/** The entries of a conversation's thread: the newest, or those around one (a search result, a mention). */
export function threadQuery(conversationId: string, around: Anchor | null = null) {
  const queryKey = keys.threadFrom(conversationId, around);
  return queryOptions({
    queryKey,
    queryFn: async ({ client: queryClient, signal }): Promise<ThreadData> => {
      const asOf = writerOf(queryClient).now();
      const known = queryClient.getQueryData<ThreadData>(queryKey);
      const from = known && lastPlaced(known.entries);
      if (from) return catchUp(queryClient, conversationId, queryKey, { known, from }, signal);
      const page = await readPage(conversationId, around === null ? {} : { around: String(around) }, PAGE, signal);
      return { entries: page.items.map(itemEntry), hasOlder: page.has_before, hasNewer: page.has_after, asOf };
    },
  });
}

/** The entry after which a thread is read again: some way above its end, and one whose position is known. */
function lastPlaced(entries: readonly ThreadEntry[]): ThreadEntry | undefined {
  const isPlaced = ({ position, kind }: ThreadEntry) => position !== null && kind !== "scheduled_text";
  return entries.slice(0, Math.max(1, entries.length - READ_AGAIN)).findLast(isPlaced);
}

function readPage(conversationId: string, window: ThreadWindow, limit: number, signal?: AbortSignal): Promise<ThreadPage> {
  return unwrap(
    client.GET("/api/v1/conversations/{conversation_id}/thread", {
      params: { path: { conversation_id: conversationId }, query: { ...window, limit } },
      ...(signal && { signal }),
    }),
  );
}

/** The window with what has come after `from`, and with its entries since then as they are now. */
async function catchUp(
  queryClient: QueryClient,
  conversationId: string,
  queryKey: readonly unknown[],
  { known, from }: { known: ThreadData; from: ThreadEntry },
  signal: AbortSignal,
): Promise<ThreadData> {
  const asOf = writerOf(queryClient).now();
  let after = from.position;
  const read: ThreadEntry[] = [];
  let hasNewer = true;
  for (let pages = 0; hasNewer && after !== null && pages < CATCH_UP_PAGES; pages += 1) {
    const page = await readPage(conversationId, { after }, MOST, signal);
    read.push(...page.items.map(itemEntry));
    after = page.items.at(-1)?.position ?? after;
    // Opened far up: what follows is loaded by scrolling.
    hasNewer = page.has_after;
    if (known.hasNewer) break;
  }
  // Older ones may have been loaded meanwhile. What stood after `from` and was not read is gone.
  const current = queryClient.getQueryData<ThreadData>(queryKey) ?? known;
  const kept = current.entries.filter((entry) => entry.order <= from.order);
  return { entries: joinEntries(kept, read), hasOlder: current.hasOlder, hasNewer, asOf };
}

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
