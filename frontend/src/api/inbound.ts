/** Inbound events that are quarantined, and the health of inbound delivery. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type InboundEvent = components["schemas"]["InboundEvent"];
export type InboundEventDetail = components["schemas"]["InboundEventDetail"];
export type InboundHealth = components["schemas"]["InboundHealth"];

/** No live event reports quarantined or replayed events, so both queries poll. */
const LOOK_AGAIN_MS = 15_000;

export const inboundHealthQuery = queryOptions({
  queryKey: keys.inboundHealth,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/inbound-health", { signal })),
  refetchInterval: LOOK_AGAIN_MS,
});

export const quarantineQuery = infiniteQueryOptions({
  queryKey: keys.quarantined,
  queryFn: ({ pageParam, signal }) =>
    unwrap(
      client.GET("/api/v1/inbound-events", {
        params: { query: { state: "quarantined", limit: 50, ...(pageParam && { cursor: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: LOOK_AGAIN_MS,
});

export const inboundEventQuery = (id: string) =>
  queryOptions({
    queryKey: keys.inboundEvent(id),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/inbound-events/{event_id}", { params: { path: { event_id: id } }, signal })),
  });

export function useReplayEvent() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.POST("/api/v1/inbound-events/{event_id}/replay", { params: { path: { event_id: id } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.inbound }),
  });
}

export function useReplayAll() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/api/v1/inbound-replays")),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.inbound }),
  });
}
