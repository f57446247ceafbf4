import { infiniteQueryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** The trail of one conversation, newest first. */
export function auditTrailQuery(conversationId: string) {
  return infiniteQueryOptions({
    queryKey: keys.auditTrail(conversationId),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/conversations/{conversation_id}/audit-entries", {
          params: {
            path: { conversation_id: conversationId },
            query: { limit: 50, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}
