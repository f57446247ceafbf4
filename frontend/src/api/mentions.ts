/** Notes in which colleagues mention the person. Apart from the notes themselves, which come with a conversation. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

export const mentionCountQuery = queryOptions({
  queryKey: keys.mentionCount,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/mentions/count", { signal })),
});

/** The person's own mentions, newest first. */
export const mentionListQuery = infiniteQueryOptions({
  queryKey: keys.mentionList,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/mentions", { params: { query: { limit: 30, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** Marks mentions as read: those of a conversation that is shown, or these. */
export function useReadMentions() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (read: { conversation_id: string } | { mention_ids: string[] }) => unwrap(client.POST("/api/v1/mentions/read", { body: read })),
    onSuccess: (count) => {
      queryClient.setQueryData(keys.mentionCount, count);
      void queryClient.invalidateQueries({ queryKey: keys.mentionList });
    },
  });
}
