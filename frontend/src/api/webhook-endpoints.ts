/** Webhook endpoints: where events are posted to, and the log of their deliveries. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type WebhookEndpoint = components["schemas"]["WebhookEndpoint"];
export type WebhookEventType = WebhookEndpoint["event_types"][number];
export type WebhookDelivery = components["schemas"]["WebhookDelivery"];
export type WebhookAttempt = components["schemas"]["WebhookAttempt"];
export type NewWebhookEndpoint = components["schemas"]["WebhookEndpointIn"];
export type WebhookEndpointChange = components["schemas"]["WebhookEndpointPatch"];

/** No live event tells of deliveries, so an open page asks again. */
const LOOK_AGAIN_MS = 5_000;
/** A test is posted at once, and the receiver has 15 seconds. */
const RESULT_MS = 700;

export const webhookEndpointsQuery = infiniteQueryOptions({
  queryKey: keys.webhookEndpoints,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/webhook-endpoints", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: LOOK_AGAIN_MS,
});

export const webhookDeliveriesQuery = (id: string, state: WebhookDelivery["state"] | null) =>
  infiniteQueryOptions({
    queryKey: keys.webhookDeliveries(id, state),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries", {
          params: { path: { webhook_endpoint_id: id }, query: { limit: 25, ...(state && { state }), ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: LOOK_AGAIN_MS,
  });

/** Asks until the delivery has ended. */
export const webhookDeliveryQuery = (id: string, deliveryId: string) =>
  queryOptions({
    queryKey: keys.webhookDelivery(id, deliveryId),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}", {
          params: { path: { webhook_endpoint_id: id, delivery_id: deliveryId } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) => (state.data?.state === "pending" || !state.data ? RESULT_MS : false),
  });

/** The answer carries the secret, which is shown once and kept nowhere. */
export function useCreateWebhookEndpoint() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewWebhookEndpoint; key: string }) =>
      unwrap(client.POST("/api/v1/webhook-endpoints", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.webhookEndpoints }),
    gcTime: 0,
  });
}

export function useChangeWebhookEndpoint() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: WebhookEndpointChange }) =>
      unwrap(client.PATCH("/api/v1/webhook-endpoints/{webhook_endpoint_id}", { params: { path: { webhook_endpoint_id: id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.webhookEndpoints }),
  });
}

export function useDeleteWebhookEndpoint() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(client.DELETE("/api/v1/webhook-endpoints/{webhook_endpoint_id}", { params: { path: { webhook_endpoint_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.webhookEndpoints }),
  });
}

/** The answer carries the new secret, as that of a new endpoint. */
export function useRotateWebhookSecret() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, hours, key }: { id: string; hours: number; key: string }) =>
      unwrap(
        client.POST("/api/v1/webhook-endpoints/{webhook_endpoint_id}/rotate", {
          params: { path: { webhook_endpoint_id: id }, header: { "Idempotency-Key": key } },
          body: { overlap_hours: hours },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.webhookEndpoints }),
    gcTime: 0,
  });
}

export function useTestWebhookEndpoint() {
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(client.POST("/api/v1/webhook-endpoints/{webhook_endpoint_id}/test", { params: { path: { webhook_endpoint_id: id } } })),
  });
}

export function useReplayDelivery() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, deliveryId }: { id: string; deliveryId: string }) =>
      unwrap(
        client.POST("/api/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay", {
          params: { path: { webhook_endpoint_id: id, delivery_id: deliveryId } },
        }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.webhookEndpoints }),
  });
}
