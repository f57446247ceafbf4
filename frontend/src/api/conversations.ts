import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { writerOf, type Patch } from "./cache-writer";
import { client, unwrap } from "./client";
import { listPage } from "./conversation-lists";
import { keys, type ConversationFilter } from "./keys";
import { useOutbox } from "./outbox-context";
import type { Conversation, ConversationDetail } from "./types";

const FIRST_PAGE = 50;
/** Who scrolls on goes far: the API's most. */
const NEXT_PAGE = 200;

export function conversationListQuery(filter: ConversationFilter) {
  return infiniteQueryOptions({
    queryKey: keys.conversationList(filter),
    queryFn: async ({ pageParam, signal, client: queryClient }) => {
      const asOf = writerOf(queryClient).now();
      const page = await unwrap(
        client.GET("/api/v1/conversations", {
          params: {
            query: {
              limit: pageParam ? NEXT_PAGE : FIRST_PAGE,
              ...(filter.status && { status: filter.status }),
              ...(filter.familyId && { family_id: filter.familyId }),
              ...(filter.staffMemberId && { staff_member_id: filter.staffMemberId }),
              ...(filter.assignee && { assignee: filter.assignee }),
              ...(filter.notSent && { not_sent: true }),
              ...(filter.later && { later: true }),
              ...(filter.lineId && { line_id: filter.lineId }),
              ...(filter.tag && { tag: filter.tag }),
              ...(filter.sort && { sort: filter.sort }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      );
      return listPage(page, asOf);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function conversationQuery(id: string) {
  return queryOptions({
    queryKey: keys.conversation(id),
    queryFn: async ({ signal, client: queryClient }): Promise<ConversationDetail> => {
      const writer = writerOf(queryClient);
      const asOf = writer.now();
      const detail = await unwrap(client.GET("/api/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } }, signal }));
      return writer.read(detail, asOf);
    },
  });
}

/** What a list or an event has told of the conversation, until its own answer is there. */
export function useKnownRow(id: string): Conversation | undefined {
  return writerOf(useQueryClient()).row(id);
}

/** Loads again what one conversation shows, where no event tells. */
export async function refetchConversation(queryClient: QueryClient, conversationId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: keys.conversation(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.conversationLists }),
    queryClient.invalidateQueries({ queryKey: keys.auditTrail(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.thread(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.indicator }),
  ]);
}

/** A change of one conversation: shown at once as `patch` says, then as the API's answer or refusal leaves it. */
function useChange<Variables>(conversationId: string, change: (variables: Variables) => Promise<unknown>, patch: (variables: Variables) => Patch) {
  const writer = writerOf(useQueryClient());
  return useMutation({
    mutationFn: change,
    onMutate: (variables) => ({ end: writer.overlay(conversationId, patch(variables)) }),
    onSettled: (_data, _error, _variables, shown) => shown?.end(),
  });
}

/** `seenSeq` is the last message the person saw: if one has come since, nothing closes (STATUS-CLOSE-RACE). */
export function useCloseConversation(conversationId: string) {
  const outbox = useOutbox();
  return useChange(
    conversationId,
    (seenSeq: number) => outbox.perform(conversationId, { kind: "close", seenSeq }),
    (seenSeq) => (row) => (row.last_seq > seenSeq ? row : { ...row, status: "closed", unread_messages: 0, seen_seq: seenSeq }),
  );
}

export function useReopenConversation(conversationId: string) {
  const outbox = useOutbox();
  return useChange(
    conversationId,
    () => outbox.perform(conversationId, { kind: "reopen" }),
    () => (row) => (row.status === "closed" ? { ...row, status: "open" } : row),
  );
}
