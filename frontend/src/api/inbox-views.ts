/** Saved views of the inbox: named filters, one's own and those that colleagues share. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";
import type { InboxFilter } from "@/lib/inbox-search";

export type InboxView = components["schemas"]["InboxView"];
type StoredFilter = components["schemas"]["InboxViewFilter"];

export const inboxViewsQuery = queryOptions({
  queryKey: keys.inboxViews,
  queryFn: async ({ signal }) => (await unwrap(client.GET("/api/v1/views", { signal }))).items,
  staleTime: 60_000,
});

/** The filter of a view, as the address writes it. */
export function filterOfView({ id, filter }: InboxView): InboxFilter {
  const { status, assignee, not_sent, later, line_id, tag, sort } = filter;
  return {
    view: id,
    status: status ?? undefined,
    assignee: assignee === "none" ? "nobody" : (assignee ?? undefined),
    not_sent: not_sent === true || undefined,
    later: later === true || undefined,
    line: line_id ?? undefined,
    tag: tag ?? undefined,
    sort: sort === "longest_waiting" ? "waiting" : undefined,
  };
}

/** A filter of the address, as a view keeps it. */
export function storedFilter({ status, assignee, not_sent, later, line, tag, sort }: InboxFilter): StoredFilter {
  return {
    ...(status && { status }),
    ...(assignee && { assignee: assignee === "nobody" ? "none" : assignee }),
    ...(not_sent && { not_sent }),
    ...(later && { later }),
    ...(line && { line_id: line }),
    ...(tag && { tag }),
    ...(sort && { sort: "longest_waiting" as const }),
  };
}

function useViewMutation<Variables, Answer>(mutationFn: (variables: Variables) => Promise<Answer>) {
  const queryClient = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queryClient.invalidateQueries({ queryKey: keys.inboxViews }) });
}

export function useCreateView() {
  return useViewMutation((body: components["schemas"]["InboxViewIn"]) => unwrap(client.POST("/api/v1/views", { body })));
}

export function useChangeView() {
  return useViewMutation(({ id, ...body }: { id: string } & components["schemas"]["InboxViewPatch"]) =>
    unwrap(client.PATCH("/api/v1/views/{view_id}", { params: { path: { view_id: id } }, body })),
  );
}

export function useDeleteView() {
  return useViewMutation((id: string) => unwrap(client.DELETE("/api/v1/views/{view_id}", { params: { path: { view_id: id } } })));
}
