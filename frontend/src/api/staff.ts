import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { pageOf } from "./directory-filter";
import { keys, type DirectoryFilter } from "./keys";

export function staffListQuery(filter: Omit<DirectoryFilter, "classId">) {
  return infiniteQueryOptions({
    queryKey: keys.staffMemberList(filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET("/api/v1/staff-members", { params: { query: pageOf(filter, pageParam) }, signal })),
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
