/** The signed-in person's password and sessions, and for administrators the sessions of a colleague. */
import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type Session = components["schemas"]["Session"];
export type PasswordChange = components["schemas"]["PasswordChangeIn"];

/** No live event reports sign-ins. */
const LOOK_AGAIN_MS = 30_000;

export const sessionsQuery = infiniteQueryOptions({
  queryKey: keys.sessions,
  queryFn: ({ pageParam, signal }) =>
    unwrap(client.GET("/api/v1/me/sessions", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: LOOK_AGAIN_MS,
});

/** The passwords are kept nowhere. */
export function useChangeOwnPassword() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: PasswordChange) => unwrap(client.PUT("/api/v1/me/password", { body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.sessions }),
    gcTime: 0,
  });
}

export function useEndSession() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id: id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.sessions }),
    // Not awaited: without a connection its tries would hold the error back.
    onError: () => void queryClient.invalidateQueries({ queryKey: keys.sessions }),
  });
}

export function useEndOtherSessions() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.DELETE("/api/v1/me/sessions")),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.sessions }),
    // Not awaited: without a connection its tries would hold the error back.
    onError: () => void queryClient.invalidateQueries({ queryKey: keys.sessions }),
  });
}

export function useEndSessionsOf(staffMemberId: string) {
  return useMutation({
    mutationFn: () =>
      unwrap(client.DELETE("/api/v1/staff-members/{staff_member_id}/sessions", { params: { path: { staff_member_id: staffMemberId } } })),
  });
}
