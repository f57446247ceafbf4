import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";
import type { SavedReply } from "./types";
import { changeAsShown } from "./versions";

export type NewSavedReply = paths["/api/v1/saved-replies"]["post"]["requestBody"]["content"]["application/json"];

/** The first replies that a search finds, the most used first. */
export function savedReplySearchQuery(q: string) {
  return queryOptions({
    queryKey: [...keys.savedReplyList(q), "first"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/saved-replies", { params: { query: { limit: 20, ...(q && { q }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function savedReplyListQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: keys.savedReplyList(q),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/saved-replies", {
          params: { query: { limit: 50, ...(q && { q }), ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** The people at a conversation's number, or at a number that has no conversation yet. */
export type FillFor = { conversation_id: string } | { phone_number: string };

export function useFillReply() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, fillFor }: { id: string; fillFor: FillFor }) =>
      unwrap(
        client.POST("/api/v1/saved-replies/{saved_reply_id}/fill", {
          params: { path: { saved_reply_id: id } },
          body: fillFor,
        }),
      ),
    // The order is by use.
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.savedReplies }),
  });
}

export function useSaveReply() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body, key }: { shown: SavedReply | null; body: NewSavedReply; key: string }) =>
      shown === null
        ? unwrap(client.POST("/api/v1/saved-replies", { body, params: { header: { "Idempotency-Key": key } } }))
        : changeAsShown({
            shown,
            read: () => client.GET("/api/v1/saved-replies/{saved_reply_id}", { params: { path: { saved_reply_id: shown.id } } }),
            save: (header) =>
              unwrap(
                client.PATCH("/api/v1/saved-replies/{saved_reply_id}", {
                  params: { path: { saved_reply_id: shown.id }, header },
                  body: { title: body.title, body: body.body },
                }),
              ),
            // Each use of it is counted.
            part: ({ title, body: said }) => ({ title, said }),
          }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.savedReplies }),
  });
}

export function useDeleteReply() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(client.DELETE("/api/v1/saved-replies/{saved_reply_id}", { params: { path: { saved_reply_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.savedReplies }),
  });
}
