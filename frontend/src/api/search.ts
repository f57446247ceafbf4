import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** Messages with these words, newest first. Nothing that happens meanwhile moves a row: searching again asks again. */
export function messageSearchQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: keys.messageSearch(q),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET("/api/v1/messages/search", { params: { query: { q, ...(pageParam && { cursor: pageParam }) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: Infinity,
    gcTime: 0,
    // What was found stays until the next letter's answer is there.
    placeholderData: keepPreviousData,
  });
}
