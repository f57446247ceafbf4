/** Classes and tags of the directory. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";

export type NewClass = paths["/api/v1/classes"]["post"]["requestBody"]["content"]["application/json"];

/** The first classes that a search finds. */
export function classSearchQuery(q: string) {
  return queryOptions({
    queryKey: keys.classList(q),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/classes", { params: { query: { limit: 50, ...(q && { q }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

const MOST_TAGS = 200;

export const tagsQuery = queryOptions({
  queryKey: keys.tags,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/tags", { params: { query: { limit: MOST_TAGS } }, signal })),
});

export function useCreateClass() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewClass; key: string }) =>
      unwrap(client.POST("/api/v1/classes", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.classes }),
  });
}
