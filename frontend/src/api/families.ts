import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { pageOf } from "./directory-filter";
import { keys, type DirectoryFilter } from "./keys";

export function familyListQuery(filter: DirectoryFilter) {
  return infiniteQueryOptions({
    queryKey: keys.familyList(filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET("/api/v1/families", { params: { query: pageOf(filter, pageParam) }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Keep the last results until the next ones arrive.
    placeholderData: keepPreviousData,
  });
}

export function familyQuery(id: string) {
  return queryOptions({
    queryKey: keys.family(id),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/families/{family_id}", { params: { path: { family_id: id } }, signal })),
  });
}
