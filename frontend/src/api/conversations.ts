import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys, type ConversationFilter } from "./keys";
import { useOutbox } from "./outbox-context";
import type { ConversationDetail } from "./types";

const PAGE = 50;

export function conversationListQuery(filter: ConversationFilter) {
  return infiniteQueryOptions({
    queryKey: keys.conversationList(filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/conversations", {
          params: {
            query: {
              limit: PAGE,
              ...(filter.status && { status: filter.status }),
              ...(filter.familyId && { family_id: filter.familyId }),
              ...(filter.staffMemberId && { staff_member_id: filter.staffMemberId }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function conversationQuery(id: string) {
  return queryOptions({
    queryKey: keys.conversation(id),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } }, signal })),
  });
}

/** After a change of one conversation: its own data from the answer, everything that lists or counts it afresh. */
export async function refetchConversation(queryClient: QueryClient, conversationId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: keys.conversation(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.conversationLists }),
    queryClient.invalidateQueries({ queryKey: keys.auditTrail(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.thread(conversationId) }),
    queryClient.invalidateQueries({ queryKey: keys.indicator }),
  ]);
}

/** `seenSeq` is the last message the person saw: if one has come since, nothing closes (STATUS-CLOSE-RACE). */
export function useCloseConversation(conversationId: string) {
  const outbox = useOutbox();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (seenSeq: number) => outbox.perform(conversationId, { kind: "close", seenSeq }),
    onSettled: () => refetchConversation(queryClient, conversationId),
  });
}

export function useReopenConversation(conversationId: string) {
  const outbox = useOutbox();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => outbox.perform(conversationId, { kind: "reopen" }),
    onSettled: () => refetchConversation(queryClient, conversationId),
  });
}

/** Finds or starts the conversation with a number; refused with the check when it may not be texted. */
export function useStartConversation() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ phoneNumber, key }: { phoneNumber: string; key: string }): Promise<ConversationDetail> =>
      unwrap(
        client.POST("/api/v1/conversations", {
          params: { header: { "Idempotency-Key": key } },
          body: { phone_number: phoneNumber },
        }),
      ),
    onSuccess: (conversation) => queryClient.invalidateQueries({ queryKey: keys.conversation(conversation.id) }),
  });
}
