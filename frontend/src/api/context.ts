import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

export function conversationContextQuery(id: string) {
  return queryOptions({
    queryKey: keys.conversationContext(id),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/conversations/{conversation_id}/context", { params: { path: { conversation_id: id } }, signal })),
  });
}
