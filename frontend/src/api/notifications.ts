/** What the signed-in person wants to be told of, and the browsers that tell them. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type NotificationSettings = components["schemas"]["NotificationSettings"];
export type NotificationScope = NotificationSettings["scope"];
export type Browser = components["schemas"]["PushSubscription"];

/** No live event reports them. */
const FRESH_MS = 60_000;

export const notificationSettingsQuery = queryOptions({
  queryKey: keys.notificationSettings,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/me/notifications", { signal })),
  staleTime: FRESH_MS,
});

export const browsersQuery = queryOptions({
  queryKey: keys.pushSubscriptions,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/me/push-subscriptions", { signal })),
});

/** Several changes are saved in their order. One that is refused is taken back. */
export function useChangeNotificationSettings() {
  const queryClient = useQueryClient();
  const { queryKey } = notificationSettingsQuery;
  return useMutation({
    scope: { id: "notification-settings" },
    mutationFn: ({ scope, sound, shows_text, quiet_hours }: NotificationSettings) =>
      unwrap(client.PUT("/api/v1/me/notifications", { body: { scope, sound, shows_text, quiet_hours } })),
    onMutate: async (wanted) => {
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData(queryKey, wanted);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
}

export function useForgetBrowser() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(client.DELETE("/api/v1/me/push-subscriptions/{subscription_id}", { params: { path: { subscription_id: id } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.pushSubscriptions }),
  });
}

export function useTestBrowser() {
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(client.POST("/api/v1/me/push-subscriptions/{subscription_id}/test", { params: { path: { subscription_id: id } } })),
  });
}
