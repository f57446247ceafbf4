/** Mutations of families and staff members. The queries are in other files, because more pages need them. */
import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";
import type { Family, StaffMember } from "./types";
import { changeAsShown } from "./versions";

type Body<Path extends keyof paths, Method extends "post" | "patch"> = paths[Path] extends Record<
  Method,
  { requestBody: { content: { "application/json": infer Content } } }
>
  ? Content
  : never;

export type NewFamily = Body<"/api/v1/families", "post">;
export type FamilyChange = Body<"/api/v1/families/{family_id}", "patch">;
export type NewStaffMember = Body<"/api/v1/staff-members", "post">;
export type StaffMemberChange = Body<"/api/v1/staff-members/{staff_member_id}", "patch">;

/** Conversations show names and numbers of records, and `me` shows permissions: all are refetched. */
function refetchRecords(queryClient: QueryClient) {
  return Promise.all(
    [keys.families, keys.staffMembers, keys.conversations, keys.optInChecks, keys.me, keys.classes, keys.tags, keys.locations, keys.contexts].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
  );
}

/** For what changes many of them at once. */
export function useRefetchRecords(): () => void {
  const queryClient = useQueryClient();
  return useCallback(() => void refetchRecords(queryClient), [queryClient]);
}

export function useCreateFamily() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewFamily; key: string }) =>
      unwrap(client.POST("/api/v1/families", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => refetchRecords(queryClient),
  });
}

export function useChangeFamily(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: Family; body: FamilyChange }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/families/{family_id}", { params: { path: { family_id: id } } }),
        save: (header) => unwrap(client.PATCH("/api/v1/families/{family_id}", { params: { path: { family_id: id }, header }, body })),
      }),
    onSuccess: () => refetchRecords(queryClient),
  });
}

export function useCreateStaffMember() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewStaffMember; key: string }) =>
      unwrap(client.POST("/api/v1/staff-members", { body, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => refetchRecords(queryClient),
  });
}

export function useChangeStaffMember(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, body }: { shown: StaffMember; body: StaffMemberChange }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/staff-members/{staff_member_id}", { params: { path: { staff_member_id: id } } }),
        save: (header) =>
          unwrap(client.PATCH("/api/v1/staff-members/{staff_member_id}", { params: { path: { staff_member_id: id }, header }, body })),
      }),
    onSuccess: () => refetchRecords(queryClient),
  });
}
