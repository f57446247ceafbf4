/** Who has a conversation, and until when it is deferred: shown at once, then as the API answers. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { writerOf, type Patch } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { ConversationDetail, Person } from "./types";

/** The colleagues who may have a conversation: those who read texts. */
export const colleaguesQuery = queryOptions({
  queryKey: [...keys.staffMembers, "colleagues"],
  queryFn: async ({ signal }): Promise<Person[]> => {
    const people: Person[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof staffPage>> = await staffPage(cursor, signal);
      for (const { id, name, is_admin, permissions } of page.items) {
        if (is_admin || permissions.includes("sms_logs")) people.push({ id, name });
      }
      cursor = page.next_cursor;
    } while (cursor !== null);
    return people;
  },
  staleTime: 60_000,
});

function staffPage(cursor: string | null, signal: AbortSignal) {
  return unwrap(client.GET("/api/v1/staff-members", { params: { query: { limit: 200, ...(cursor && { cursor }) } }, signal }));
}

function useTeamChange<Variables>(
  conversationId: string,
  request: (variables: Variables) => Promise<ConversationDetail>,
  patch: (variables: Variables) => Patch,
) {
  const writer = writerOf(useQueryClient());
  return useMutation({
    mutationFn: request,
    onMutate: (variables) => ({ end: writer.overlay(conversationId, patch(variables)) }),
    onSettled: (answer, _error, _variables, shown) => shown?.end(answer),
  });
}

/** ASSIGN: gives the conversation to somebody, or to nobody. */
export function useAssign(conversationId: string) {
  return useTeamChange(
    conversationId,
    (to: Person | null) =>
      unwrap(
        client.PUT("/api/v1/conversations/{conversation_id}/assignee", {
          params: { path: { conversation_id: conversationId } },
          body: { staff_member_id: to?.id ?? null },
        }),
      ),
    (to) => (row) => ({ ...row, assignee: to }),
  );
}

export interface NewReminder {
  at: string;
  /** An answer of the family ends it. */
  unlessAnswered: boolean;
  /** The last message the person saw: if one has come since, nothing is deferred. */
  seenSeq: number;
  by: Person | null;
}

/** REMIND: puts the conversation off. */
export function useDefer(conversationId: string) {
  return useTeamChange(
    conversationId,
    ({ at, unlessAnswered, seenSeq }: NewReminder) =>
      unwrap(
        client.PUT("/api/v1/conversations/{conversation_id}/reminder", {
          params: { path: { conversation_id: conversationId } },
          body: { at, unless_answered: unlessAnswered, seen_seq: seenSeq },
        }),
      ),
    ({ at, unlessAnswered, seenSeq, by }) =>
      (row) =>
        row.last_seq > seenSeq
          ? row
          : { ...row, status: "open", unread_messages: 0, reminder: { at, unless_answered: unlessAnswered, set_by: by, due: false } },
  );
}

/** Takes it back from "Later", or removes the mark of a reminder that was due. */
export function useTakeBack(conversationId: string) {
  return useTeamChange(
    conversationId,
    () => unwrap(client.DELETE("/api/v1/conversations/{conversation_id}/reminder", { params: { path: { conversation_id: conversationId } } })),
    () => (row) => ({ ...row, reminder: null }),
  );
}
