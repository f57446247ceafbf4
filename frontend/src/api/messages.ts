import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { Message, MessagePage } from "./types";

const PAGE = 50;

/** Where a page of a thread starts; without any, at the newest. */
export interface ThreadWindow {
  before_seq?: number;
  after_seq?: number;
  around_seq?: number;
}

/**
 * A thread, paged both ways by `seq`. With `aroundSeq` it starts at that message (a search result), else at the newest.
 * `data.pages` are oldest first.
 */
export function threadQuery(conversationId: string, aroundSeq: number | null = null) {
  const initialWindow: ThreadWindow = aroundSeq === null ? {} : { around_seq: aroundSeq };
  return infiniteQueryOptions({
    queryKey: keys.threadFrom(conversationId, aroundSeq),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/conversations/{conversation_id}/messages", {
          params: { path: { conversation_id: conversationId }, query: { ...pageParam, limit: PAGE } },
          signal,
        }),
      ),
    initialPageParam: initialWindow,
    getPreviousPageParam: (page): ThreadWindow | undefined => {
      const first = page.items[0];
      return page.has_before && first ? { before_seq: first.seq } : undefined;
    },
    getNextPageParam: (page): ThreadWindow | undefined => {
      const last = page.items.at(-1);
      return page.has_after && last ? { after_seq: last.seq } : undefined;
    },
  });
}

/** One message with its timeline. */
export function messageQuery(id: string) {
  return queryOptions({
    queryKey: keys.message(id),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/messages/{message_id}", { params: { path: { message_id: id } }, signal })),
  });
}

/** Puts a message that the API has just accepted at the end of its loaded threads, then asks for what else is new. */
export function showAcceptedMessage(queryClient: QueryClient, message: Message): void {
  queryClient.setQueriesData<InfiniteData<MessagePage, ThreadWindow>>(
    { queryKey: keys.thread(message.conversation_id) },
    (thread) => {
      const last = thread?.pages.at(-1);
      if (!thread || !last || last.has_after) return thread;
      if (last.items.some((item) => item.seq >= message.seq)) return thread;
      return { ...thread, pages: [...thread.pages.slice(0, -1), { ...last, items: [...last.items, message] }] };
    },
  );
  void queryClient.invalidateQueries({ queryKey: keys.thread(message.conversation_id) });
  void queryClient.invalidateQueries({ queryKey: keys.conversation(message.conversation_id) });
  void queryClient.invalidateQueries({ queryKey: keys.conversationLists });
  void queryClient.invalidateQueries({ queryKey: keys.auditTrail(message.conversation_id) });
  void queryClient.invalidateQueries({ queryKey: keys.indicator });
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
    onSuccess: (again) => showAcceptedMessage(queryClient, again),
    onError: () => {
      void queryClient.invalidateQueries({ queryKey: keys.conversation(message.conversation_id) });
      void queryClient.invalidateQueries({ queryKey: keys.thread(message.conversation_id) });
    },
  });
}
