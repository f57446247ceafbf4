import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { Message } from "./types";

/** One message with its timeline. */
export function messageQuery(id: string) {
  return queryOptions({
    queryKey: keys.message(id),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/messages/{message_id}", { params: { path: { message_id: id } }, signal })),
  });
}

export interface OutgoingText {
  key: string;
  conversationId: string;
  body: string;
  /** The last message the person had seen; null sends in any case. */
  seenSeq: number | null;
  close: boolean;
}

/** SEND-ONCE: the same `key` sends once, however often this is called. */
export function postMessage({ key, conversationId, body, seenSeq, close }: OutgoingText): Promise<Message> {
  return unwrap(
    client.POST("/api/v1/conversations/{conversation_id}/messages", {
      params: { path: { conversation_id: conversationId }, header: { "Idempotency-Key": key } },
      body: { body, close, ...(seenSeq !== null && { seen_seq: seenSeq }) },
    }),
  );
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
