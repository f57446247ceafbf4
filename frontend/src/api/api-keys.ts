import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";

export type NewApiKey = paths["/api/v1/api-keys"]["post"]["requestBody"]["content"]["application/json"];
export type ApiKey = paths["/api/v1/api-keys"]["get"]["responses"]["200"]["content"]["application/json"]["items"][number];

export const apiKeysQuery = infiniteQueryOptions({
  queryKey: keys.apiKeys,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/api-keys", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** The answer carries the key itself, which is shown once and kept nowhere. */
export function useCreateApiKey() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewApiKey; key: string }) =>
      unwrap(client.POST("/api/v1/api-keys", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
    gcTime: 0,
  });
}

export function useRevokeApiKey() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.DELETE("/api/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
  });
}
