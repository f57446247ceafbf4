import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys, type DirectoryFilter } from "./keys";

export function staffListQuery(filter: DirectoryFilter, archived = false) {
  const { q, tag } = filter;
  return infiniteQueryOptions({
    queryKey: keys.staffMemberList(filter, archived),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/staff-members", {
          params: { query: { limit: 50, ...(q && { q }), ...(tag && { tag }), ...(archived && { archived }), ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Keep the last results until the next ones arrive.
    placeholderData: keepPreviousData,
  });
}

export function staffMemberQuery(id: string) {
  return queryOptions({
    queryKey: keys.staffMember(id),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/staff-members/{staff_member_id}", { params: { path: { staff_member_id: id } }, signal }),
      ),
  });
}
