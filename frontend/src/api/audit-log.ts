/** The whole audit log, for administrators. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { paths } from "./schema";
import { startOfDay } from "@/lib/days";

type LogQuery = NonNullable<paths["/api/v1/audit-entries"]["get"]["parameters"]["query"]>;
export type AuditVerification = paths["/api/v1/audit-entries/verification"]["get"]["responses"]["200"]["content"]["application/json"];
export type AuditAction = NonNullable<LogQuery["action"]>;

/** Which entries of the whole log. Days are calendar days of the organization's zone, "2026-11-23", both included. */
export interface AuditLogFilter {
  actor?: string | undefined;
  action?: AuditAction | undefined;
  phone?: string | undefined;
  conversation?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** The whole log, newest first. */
export function auditLogQuery(filter: AuditLogFilter, timeZone: string) {
  const asked = asQuery(filter, timeZone);
  return infiniteQueryOptions({
    queryKey: keys.auditLog(asked),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/audit-entries", {
          params: { query: { ...asked, limit: 50, ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // No live event reports entries, so a new visit refetches.
    staleTime: 0,
  });
}

/** The address of the same entries as CSV. */
export function auditExportHref(filter: AuditLogFilter, timeZone: string): string {
  const query = new URLSearchParams(asQuery(filter, timeZone) as Record<string, string>).toString();
  return `/api/v1/audit-entries/export.csv${query && `?${query}`}`;
}

export function useVerifyAuditLog() {
  return useMutation({ mutationFn: () => unwrap(client.GET("/api/v1/audit-entries/verification")), gcTime: 0 });
}

export interface PossibleActor {
  id: string;
  name: string;
}

/** All possible actors: people and API keys, archived ones too. */
export const possibleActorsQuery = queryOptions({
  queryKey: keys.possibleActors,
  queryFn: async ({ signal }) => {
    const [current, archived, apiKeys] = await Promise.all([
      allPages((cursor) => client.GET("/api/v1/staff-members", { params: { query: { limit: 200, ...cursor } }, signal })),
      allPages((cursor) => client.GET("/api/v1/staff-members", { params: { query: { limit: 200, archived: true, ...cursor } }, signal })),
      allPages((cursor) => client.GET("/api/v1/api-keys", { params: { query: { limit: 200, ...cursor } }, signal })),
    ]);
    return { current, archived, apiKeys } satisfies Record<string, PossibleActor[]>;
  },
});

type PageAnswer = Parameters<typeof unwrap<{ items: PossibleActor[]; next_cursor: string | null }>>[0];

async function allPages(fetchPage: (cursor: { cursor?: string }) => PageAnswer): Promise<PossibleActor[]> {
  const found: PossibleActor[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: PossibleActor[]; next_cursor: string | null } = await unwrap(fetchPage(cursor === null ? {} : { cursor }));
    found.push(...page.items.map(({ id, name }) => ({ id, name })));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

function asQuery({ actor, action, phone, conversation, from, to }: AuditLogFilter, timeZone: string): LogQuery {
  return {
    ...(actor && { actor_id: actor }),
    ...(action && { action }),
    ...(phone && { phone_number: phone }),
    ...(conversation && { conversation_id: conversation }),
    ...(from && { from: startOfDay(from, timeZone) }),
    ...(to && { to: startOfDay(to, timeZone, 1) }),
  };
}
