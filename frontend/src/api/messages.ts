import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { Message } from "./types";

/** One message with its timeline. */
export function messageQuery(id: string) {
  return queryOptions({
    queryKey: keys.message(id),
    queryFn: async ({ signal }) => {
      const found = await unwrap(client.GET("/api/v1/messages/{message_id}", { params: { path: { message_id: id } }, signal }));
      if (!("timeline" in found)) throw new Error("This text has not left, so it has no timeline.");
      return found;
    },
  });
}

/** Sends a failed message again, as a new one. The API allows it once for each. */
export function useRetryMessage(message: Message) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/api/v1/messages/{message_id}/retry", {
          params: { path: { message_id: message.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        }),
      ),
    onSuccess: (again) => writerOf(queryClient).accept(again),
    onError: () => {
      void queryClient.invalidateQueries({ queryKey: keys.conversation(message.conversation_id) });
      void queryClient.invalidateQueries({ queryKey: keys.thread(message.conversation_id) });
    },
  });
}
