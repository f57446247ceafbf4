/** Texts that leave later, and those that did not leave. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { ScheduledText } from "./types";

/** The earliest first. */
export function scheduledQuery(conversationId: string) {
  return queryOptions({
    queryKey: keys.scheduledOf(conversationId),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/conversations/{conversation_id}/scheduled", { params: { path: { conversation_id: conversationId } }, signal })),
  });
}

export function useWithdraw() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: Pick<ScheduledText, "id" | "conversation_id">) =>
      unwrap(client.DELETE("/api/v1/messages/{message_id}", { params: { path: { message_id: id } } })),
    onSettled: (_data, _error, { conversation_id }) => {
      // The thread hears of it by an event; without the stream it is read again.
      for (const queryKey of [keys.scheduledOf(conversation_id), keys.thread(conversation_id)]) void queryClient.invalidateQueries({ queryKey });
    },
  });
}

/** Its changes. The thread hears of them by events; without the stream it is read again. */
export function useScheduledText(text: ScheduledText) {
  const queryClient = useQueryClient();
  const params = { path: { message_id: text.id } };
  const readAgain = () => void queryClient.invalidateQueries({ queryKey: keys.thread(text.conversation_id) });
  const sendNow = useMutation({
    mutationFn: ({ key, seenSeq }: { key: string; seenSeq: number }) =>
      unwrap(client.POST("/api/v1/messages/{message_id}/send", { params: { ...params, header: { "Idempotency-Key": key } }, body: { seen_seq: seenSeq } })),
    onSuccess: (message) => writerOf(queryClient).accept(message),
    onError: readAgain,
  });
  const change = useMutation({
    mutationFn: (body: { body?: string; send_at?: string; only_if_nothing_new?: boolean; attachments?: string[] }) =>
      unwrap(client.PATCH("/api/v1/messages/{message_id}", { params, body })),
    onSettled: readAgain,
  });
  return { sendNow, change };
}

/** Schedules a withdrawn text again, as it was. */
export function useScheduleAgain(text: ScheduledText) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (key: string) =>
      unwrap(
        client.POST("/api/v1/conversations/{conversation_id}/messages", {
          params: { path: { conversation_id: text.conversation_id }, header: { "Idempotency-Key": key } },
          body: {
            body: text.body,
            media_urls: text.media_urls,
            metadata: text.metadata,
            // The person who has withdrawn it has its files.
            attachments: text.files.flatMap(({ id }) => (id === null ? [] : [id])),
            close: text.close,
            send_at: text.send_at,
            only_if_nothing_new: text.only_if_nothing_new,
          },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.thread(text.conversation_id) }),
  });
}
