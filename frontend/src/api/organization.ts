/** What administrators set for the whole business. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";
import { changeAsShown } from "./versions";

export type Away = components["schemas"]["Away"];
export type NewAway = components["schemas"]["AwayIn"];
export type OrganizationSettings = components["schemas"]["OrganizationSettings"];

export const organizationSettingsQuery = queryOptions({
  queryKey: keys.organizationSettings,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/organization/settings", { signal })),
});

export function useChangeSettings() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (changed: Partial<OrganizationSettings>) => unwrap(client.PATCH("/api/v1/organization/settings", { body: changed })),
    onSuccess: (saved) => queryClient.setQueryData(organizationSettingsQuery.queryKey, saved),
  });
}

export const awayQuery = queryOptions({
  queryKey: keys.away,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/organization/away", { signal })),
});

export function useChangeAway() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: Away; body: NewAway }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/organization/away"),
        save: (header) => unwrap(client.PUT("/api/v1/organization/away", { body, params: { header } })),
        // Whether it is open changes by the clock.
        part: ({ enabled, body: message, hours }) => ({ enabled, message, hours }),
      }),
    onSuccess: (saved) => queryClient.setQueryData(awayQuery.queryKey, saved),
  });
}
