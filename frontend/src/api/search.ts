import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** Internal notes with these words, newest first. */
export function noteSearchQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: keys.noteSearch(q),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET("/api/v1/notes/search", { params: { query: { q, ...(pageParam && { cursor: pageParam }) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: Infinity,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
}

/** Messages with these words, newest first. Live events do not refetch the results; a new search does. */
export function messageSearchQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: keys.messageSearch(q),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET("/api/v1/messages/search", { params: { query: { q, ...(pageParam && { cursor: pageParam }) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: Infinity,
    gcTime: 0,
    // Keep the last results until the next ones arrive.
    placeholderData: keepPreviousData,
  });
}
