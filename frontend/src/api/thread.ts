/** Reads a thread: its first page, and what has come since. Loaded with the app, so that a row can be preloaded. */
import { queryOptions, type QueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import { itemEntry, joinEntries, type ThreadData, type ThreadEntry } from "./thread-entries";
import type { ThreadPage } from "./types";

export const PAGE = 50;
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

export function readPage(conversationId: string, window: ThreadWindow, limit: number, signal?: AbortSignal): Promise<ThreadPage> {
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
