import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";

export type NewApiKey = paths["/api/v1/api-keys"]["post"]["requestBody"]["content"]["application/json"];
export type ApiKey = paths["/api/v1/api-keys"]["get"]["responses"]["200"]["content"]["application/json"]["items"][number];

export type ApiKeyChange = paths["/api/v1/api-keys/{api_key_id}"]["patch"]["requestBody"]["content"]["application/json"];

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

export function useChangeApiKey() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: ApiKeyChange }) =>
      unwrap(client.PATCH("/api/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
  });
}

/** The answer carries the new key, as that of a new one. */
export function useRotateApiKey() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, until, key }: { id: string; until: string | null; key: string }) =>
      unwrap(
        client.POST("/api/v1/api-keys/{api_key_id}/rotate", {
          params: { path: { api_key_id: id }, header: { "Idempotency-Key": key } },
          body: { old_key_valid_until: until },
        }),
      ),
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
