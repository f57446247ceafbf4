/** Mass texts: one text to many numbers, each in its own conversation. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys, type RecipientFilter } from "./keys";
import type { components, paths } from "./schema";
import { changeAsShown } from "./versions";

export type Broadcast = components["schemas"]["Broadcast"];
export type BroadcastDetail = components["schemas"]["BroadcastDetail"];
export type BroadcastState = Broadcast["state"];
export type BroadcastPreview = components["schemas"]["BroadcastPreview"];
export type BroadcastRecipient = components["schemas"]["BroadcastRecipient"];
export type NewBroadcast = components["schemas"]["BroadcastIn"];
export type BroadcastChange = components["schemas"]["BroadcastPatch"];
export type BroadcastConfirmation = components["schemas"]["BroadcastSendIn"];
export type AudienceDescription = components["schemas"]["AudienceDescriptionOut"];
export type AudienceFilter = NonNullable<AudienceDescription["families"]>;
export type Audience = components["schemas"]["Audience"];
export type NewAudience = paths["/api/v1/audiences"]["post"]["requestBody"]["content"]["application/json"];
export type MassTextSettings = components["schemas"]["MassTextSettings"];
export type MassTextSettingsChange = components["schemas"]["MassTextSettingsPatch"];

/** The newest first; all states if none is named. */
export function broadcastListQuery(states: readonly BroadcastState[]) {
  return infiniteQueryOptions({
    queryKey: keys.broadcastList(states),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/broadcasts", {
          params: { query: { limit: 50, ...(states.length > 0 && { state: [...states] }), ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function broadcastQuery(id: string) {
  return queryOptions({
    queryKey: keys.broadcast(id),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/broadcasts/{broadcast_id}", { params: { path: { broadcast_id: id } }, signal })),
  });
}

/** Who would get a draft as it was saved at `version`, and who would not. `anyHour`: outside the hours too (PERM-HOURS). */
export function broadcastPreviewQuery(id: string, version: string, anyHour = false) {
  return queryOptions({
    queryKey: keys.broadcastPreview(id, version, anyHour),
    queryFn: ({ signal }) =>
      unwrap(client.POST("/api/v1/broadcasts/{broadcast_id}/preview", { params: { path: { broadcast_id: id }, query: { any_hour: anyHour } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** The first of those whom a draft leaves out for a reason. */
export function leftOutQuery(id: string, reason: string) {
  return queryOptions({
    queryKey: keys.broadcastLeftOut(id, reason),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/broadcasts/{broadcast_id}/preview/left-out", {
          params: { path: { broadcast_id: id }, query: { reason } },
          signal,
        }),
      ),
    staleTime: 0,
  });
}

const LIVE_MS = 3_000;
/** Further pages are not asked for again and again. */
const LIVE_PAGES = 2;

/** Everybody of a confirmed mass text. `isMoving`: their states change. */
export function broadcastRecipientsQuery(id: string, filter: RecipientFilter, isMoving: boolean) {
  return infiniteQueryOptions({
    queryKey: keys.broadcastRecipients(id, filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/broadcasts/{broadcast_id}/recipients", {
          params: {
            path: { broadcast_id: id },
            query: {
              limit: 50, ...(filter.state && { state: filter.state }), ...(filter.reason && { reason: filter.reason }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => isMoving && (state.data?.pages.length ?? 0) <= LIVE_PAGES && LIVE_MS,
    staleTime: 0,
  });
}

export const broadcastExportHref = (id: string): string => `/api/v1/broadcasts/${id}/export.csv`;

/** What an answer says of a mass text is what every view shows of it. */
function remember(queryClient: QueryClient, saved: BroadcastDetail) {
  queryClient.setQueryData(broadcastQuery(saved.id).queryKey, saved);
  void queryClient.invalidateQueries({ queryKey: keys.broadcastLists });
  void queryClient.invalidateQueries({ queryKey: keys.broadcastRecipientsOf(saved.id) });
}

export function useCreateBroadcast() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewBroadcast; key: string }) =>
      unwrap(client.POST("/api/v1/broadcasts", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: (saved) => remember(queryClient, saved),
  });
}

export function useChangeBroadcast() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: BroadcastDetail; body: BroadcastChange }) => {
      const path = { broadcast_id: shown.id };
      const names = Object.keys(body) as (keyof BroadcastDetail)[];
      return changeAsShown({
        shown,
        read: () => client.GET("/api/v1/broadcasts/{broadcast_id}", { params: { path } }),
        save: (header) => unwrap(client.PATCH("/api/v1/broadcasts/{broadcast_id}", { params: { path, header }, body })),
        // Several people may write different parts of a draft.
        part: (draft) => names.map((name) => draft[name]),
      });
    },
    onSuccess: (saved) => remember(queryClient, saved),
  });
}

/** Every view shows the mass text as it is now. */
export function useShowBroadcast() {
  const queryClient = useQueryClient();
  return (current: BroadcastDetail) => remember(queryClient, current);
}

export function useSendBroadcast(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: BroadcastConfirmation; key: string }) =>
      unwrap(
        client.POST("/api/v1/broadcasts/{broadcast_id}/send", {
          params: { path: { broadcast_id: id }, header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    onSuccess: (saved) => remember(queryClient, saved),
    // The number of recipients has changed, or somebody else was quicker.
    onError: () =>
      Promise.all([keys.broadcastPreviewsOf(id), keys.broadcast(id)].map((queryKey) => queryClient.invalidateQueries({ queryKey }))),
  });
}

export type BroadcastDeed = "approve" | "pause" | "resume" | "cancel";

/** What is done with a mass text that needs no more than its id. */
export function useBroadcastDeed(id: string, deed: BroadcastDeed) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => {
      const params = { params: { path: { broadcast_id: id } } };
      switch (deed) {
        case "approve":
          return unwrap(client.POST("/api/v1/broadcasts/{broadcast_id}/approve", params));
        case "pause":
          return unwrap(client.POST("/api/v1/broadcasts/{broadcast_id}/pause", params));
        case "resume":
          return unwrap(client.POST("/api/v1/broadcasts/{broadcast_id}/resume", params));
        case "cancel":
          return unwrap(client.POST("/api/v1/broadcasts/{broadcast_id}/cancel", params));
      }
    },
    onSuccess: (saved) => {
      remember(queryClient, saved);
      void queryClient.invalidateQueries({ queryKey: keys.broadcastPreviewsOf(id) });
    },
    // Its state may be another by now.
    onError: () => queryClient.invalidateQueries({ queryKey: keys.broadcast(id) }),
  });
}

export function useRetryBroadcast(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (key: string) =>
      unwrap(
        client.POST("/api/v1/broadcasts/{broadcast_id}/retry", { params: { path: { broadcast_id: id }, header: { "Idempotency-Key": key } } }),
      ),
    onSuccess: (saved) => remember(queryClient, saved),
  });
}

const MOST_AUDIENCES = 200;

export const audiencesQuery = queryOptions({
  queryKey: keys.audiences,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/audiences", { params: { query: { limit: MOST_AUDIENCES } }, signal })),
});

export function useSaveAudience() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewAudience; key: string }) =>
      unwrap(client.POST("/api/v1/audiences", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.audiences }),
  });
}

export function useRenameAudience() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, name }: { shown: Audience; name: string }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/audiences/{audience_id}", { params: { path: { audience_id: shown.id } } }),
        save: (header) =>
          unwrap(client.PATCH("/api/v1/audiences/{audience_id}", { params: { path: { audience_id: shown.id }, header }, body: { name } })),
        part: (list) => list.name,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.audiences }),
  });
}

export function useDeleteAudience() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.DELETE("/api/v1/audiences/{audience_id}", { params: { path: { audience_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.audiences }),
  });
}

export const massTextSettingsQuery = queryOptions({
  queryKey: keys.massTextSettings,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/organization/mass-text", { signal })),
});

export function useChangeMassTextSettings() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: MassTextSettings; body: MassTextSettingsChange }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/organization/mass-text"),
        save: (header) => unwrap(client.PATCH("/api/v1/organization/mass-text", { body, params: { header } })),
      }),
    onSuccess: (saved) => queryClient.setQueryData(massTextSettingsQuery.queryKey, saved),
  });
}
