/** The numbers that the business texts from. */
import { infiniteQueryOptions, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type Line = components["schemas"]["Line"];
export type NewLine = components["schemas"]["LineIn"];
export type LineChange = components["schemas"]["LinePatch"];
export type LineHealth = components["schemas"]["LineHealth"];
export type LineSettings = components["schemas"]["LineSettings"];
export type ProviderName = Line["provider"];
export type Provider = components["schemas"]["Provider"];
export type CredentialField = components["schemas"]["CredentialField"];

/** What a line needs at each provider. It changes only with a new version of the service. */
export const providersQuery = queryOptions({
  queryKey: keys.providers,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/providers", { signal })),
  staleTime: Infinity,
});

/** One provider; undefined while it is being loaded, and if this service does not have it. */
export function useProvider(id: ProviderName): Provider | undefined {
  return useQuery(providersQuery).data?.find((provider) => provider.id === id);
}

export const linesQuery = infiniteQueryOptions({
  queryKey: keys.lineList,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/lines", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** Whether there is any line at all: without one nobody can text. */
export const hasLineQuery = queryOptions({
  queryKey: keys.hasLine,
  queryFn: async ({ signal }) => (await unwrap(client.GET("/api/v1/lines", { params: { query: { limit: 1 } }, signal }))).items.length > 0,
});

/** The request carries credentials, so nothing of it is kept. */
export function useCreateLine() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewLine; key: string }) =>
      unwrap(client.POST("/api/v1/lines", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.lines }),
    gcTime: 0,
  });
}

export function useChangeLine(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: LineChange) => unwrap(client.PATCH("/api/v1/lines/{line_id}", { params: { path: { line_id: id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.lines }),
    gcTime: 0,
  });
}

/** Makes a line the default, or that of a country: another one loses it. */
export function useChangeDefaults() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: Pick<LineChange, "default" | "default_for"> }) =>
      unwrap(client.PATCH("/api/v1/lines/{line_id}", { params: { path: { line_id: id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.lines }),
  });
}

export function useCheckLine(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/api/v1/lines/{line_id}/check", { params: { path: { line_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.lines }),
  });
}
