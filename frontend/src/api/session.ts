import { queryOptions, useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { Me, Permission } from "./types";
import { releaseViewing, resumeViewing } from "./viewing-leases";

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/me", { signal })),
  staleTime: 60_000,
});

export interface Credentials {
  organization: string;
  email: string;
  password: string;
}

export function useSignIn() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (credentials: Credentials) => unwrap(client.POST("/api/v1/session", { body: credentials })),
    onSuccess: async () => {
      queryClient.clear();
      await queryClient.query({ ...meQuery, staleTime: 0 });
    },
  });
}

export function useSignOut() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await releaseViewing();
      return unwrap(client.DELETE("/api/v1/session"));
    },
    onSuccess: () => queryClient.clear(),
    onError: resumeViewing,
  });
}

/** Who is signed in. Only below the signed-in layout, whose guard has loaded it. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

export function may(me: Me, permission: Permission): boolean {
  return me.is_admin || me.permissions.includes(permission);
}

/** The scope of what this browser keeps for a person: drafts, pending texts, preferences. */
export function ownerKey(me: Me): string {
  return `${me.organization.id}:${me.staff_member?.id ?? "nobody"}`;
}

/** The id of the staff member whose `ownerKey` it is. */
export function staffMemberOf(owner: string): string {
  return owner.slice(owner.indexOf(":") + 1);
}
