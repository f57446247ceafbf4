/** What texts cost: price lists, credits, usage (COST). Amounts are strings. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import type { BroadcastState } from "./broadcasts";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";
import { changeAsShown } from "./versions";

export type LinePrices = components["schemas"]["LinePrices"];
export type NewLinePrices = components["schemas"]["LinePricesIn"];
export type Credits = components["schemas"]["Credits"];
export type UsageReport = components["schemas"]["UsageReport"];
export type Usage = components["schemas"]["Usage"];
export type UsageRow = components["schemas"]["UsageRow"];
export type GroupBy = UsageReport["group_by"];

export function linePricesQuery(lineId: string) {
  return queryOptions({
    queryKey: keys.linePrices(lineId),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/lines/{line_id}/prices", { params: { path: { line_id: lineId } }, signal })),
  });
}

export function useChangePrices(lineId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: LinePrices; body: NewLinePrices }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/lines/{line_id}/prices", { params: { path: { line_id: lineId } } }),
        save: (header) => unwrap(client.PUT("/api/v1/lines/{line_id}/prices", { params: { path: { line_id: lineId }, header }, body })),
      }),
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.linePrices(lineId), saved);
      return queryClient.invalidateQueries({ queryKey: keys.usage });
    },
  });
}

export const creditsQuery = queryOptions({
  queryKey: keys.credits,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/credits", { signal })),
});

export function useChangeCredits() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: components["schemas"]["CreditsIn"]) => unwrap(client.PUT("/api/v1/credits", { body })),
    onSuccess: (saved) => queryClient.setQueryData(keys.credits, saved),
  });
}

export function useAddCredits() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ key, amount, note }: { key: string; amount: string; note: string }) =>
      unwrap(client.POST("/api/v1/credits/additions", { body: { amount, note }, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: (saved) => queryClient.setQueryData(keys.credits, saved),
  });
}

export interface UsageQuestion {
  groupBy: GroupBy;
  from?: string | undefined;
  /** The last day, which is part of it. */
  to?: string | undefined;
  lineId?: string | undefined;
}

function asQuery({ groupBy, from, to, lineId }: UsageQuestion) {
  return {
    group_by: groupBy,
    ...(from && { from }),
    ...(to && { to: new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10) }),
    ...(lineId && { line_id: lineId }),
  };
}

export function usageQuery(asked: UsageQuestion) {
  return queryOptions({
    queryKey: [...keys.usage, asked],
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/usage", { params: { query: asQuery(asked) }, signal })),
    placeholderData: keepPreviousData,
    // Every text changes it, and no live event says so.
    staleTime: 0,
  });
}

const COST_MS = 10_000;

/** What a mass text has cost so far. A provider's figure that comes after its end is there once the page is opened again. */
export function broadcastCostQuery(id: string, state: BroadcastState) {
  return queryOptions({
    queryKey: keys.broadcastCost(id, state),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/broadcasts/{broadcast_id}/cost", { params: { path: { broadcast_id: id } }, signal })),
    placeholderData: keepPreviousData,
    // Not with each event of the mass text: adding up many texts takes a while.
    refetchInterval: state === "sending" && COST_MS,
    staleTime: 0,
  });
}

/** The address of the same report as CSV. */
export function usageExportHref(asked: UsageQuestion): string {
  return `/api/v1/usage/export.csv?${new URLSearchParams(asQuery(asked)).toString()}`;
}
