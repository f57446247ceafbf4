/** Classes, tags and locations of the directory. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys, type ClassFilter } from "./keys";
import type { paths } from "./schema";

export type NewClass = paths["/api/v1/classes"]["post"]["requestBody"]["content"]["application/json"];
type ClassChange = paths["/api/v1/classes/{class_id}"]["patch"]["requestBody"]["content"]["application/json"];

/** The first classes that a search finds. */
export function classSearchQuery(q: string) {
  return queryOptions({
    queryKey: keys.classSearch(q),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/classes", { params: { query: { limit: 50, ...(q && { q }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function classListQuery(filter: ClassFilter) {
  const { q, day, location, archived } = filter;
  return infiniteQueryOptions({
    queryKey: keys.classList(filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/classes", {
          params: {
            query: {
              limit: 50, ...(q && { q }), ...(day && { weekday: day }), ...(location && { location }), ...(archived && { archived }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function classQuery(id: string) {
  return queryOptions({
    queryKey: keys.class(id),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/classes/{class_id}", { params: { path: { class_id: id } }, signal })),
  });
}

const MOST_CHOICES = 200;

export const tagsQuery = queryOptions({
  queryKey: keys.tags,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/tags", { params: { query: { limit: MOST_CHOICES } }, signal })),
});

export const locationsQuery = queryOptions({
  queryKey: keys.locations,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/locations", { params: { query: { limit: MOST_CHOICES } }, signal })),
});

/** Records and conversations show the classes of their students. */
function refetchClasses(queryClient: QueryClient) {
  return Promise.all(
    [keys.classes, keys.locations, keys.families, keys.contexts].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
  );
}

export function useCreateClass() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewClass; key: string }) =>
      unwrap(client.POST("/api/v1/classes", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => refetchClasses(queryClient),
  });
}

export function useChangeClass(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: ClassChange) => unwrap(client.PATCH("/api/v1/classes/{class_id}", { params: { path: { class_id: id } }, body })),
    onSuccess: () => refetchClasses(queryClient),
  });
}
