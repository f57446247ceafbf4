/** Exports: files of a conversation, a number or a time range, which a worker writes (EXPORT). */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components, paths } from "./schema";

export type ExportJob = components["schemas"]["Export"];
export type NewExport = paths["/api/v1/exports"]["post"]["requestBody"]["content"]["application/json"];
export type ExportFormat = ExportJob["format"];

export const exportsQuery = infiniteQueryOptions({
  queryKey: keys.exportList,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/exports", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** Live events say how far it is. */
export function exportQuery(id: string) {
  return queryOptions({
    queryKey: keys.export(id),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/exports/{export_id}", { params: { path: { export_id: id } }, signal })),
  });
}

export function useCreateExport() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewExport; key: string }) =>
      unwrap(client.POST("/api/v1/exports", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: (created) => {
      queryClient.setQueryData(keys.export(created.id), created);
      return queryClient.invalidateQueries({ queryKey: keys.exports });
    },
  });
}

export function useDeleteExport() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.DELETE("/api/v1/exports/{export_id}", { params: { path: { export_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.exports }),
  });
}

export function exportHref(id: string): string {
  return `/api/v1/exports/${id}/file`;
}
