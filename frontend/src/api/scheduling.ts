/** Texts that leave later (LATER). */
import { queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

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
    onSettled: (_data, _error, { conversation_id }) => queryClient.invalidateQueries({ queryKey: keys.scheduledOf(conversation_id) }),
  });
}

type Listener = (text: ScheduledText) => void;
const listeners = new Set<Listener>();

/** The API has accepted a text for later that this tab sent. */
export function tellScheduled(queryClient: QueryClient, text: ScheduledText): void {
  void queryClient.invalidateQueries({ queryKey: keys.scheduledOf(text.conversation_id) });
  for (const listener of listeners) listener(text);
}

export function onScheduled(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
