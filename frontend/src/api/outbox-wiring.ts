/** Ties the outbox to the query cache: what was accepted is shown, and what is shown is no longer pending. */
import { notifyManager, type QueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { refetchConversation } from "./conversations";
import { keys } from "./keys";
import { Outbox } from "./outbox";
import { carryOut } from "./outbox-acts";
import { tellScheduled } from "./scheduled-events";
import { messagesOf, type ThreadData } from "./thread-entries";

/** `isLive`: whether events tell what changes. */
export function createOutbox(owner: string, queryClient: QueryClient, isLive: () => boolean): Outbox {
  return new Outbox({
    owner,
    carryOut: async (item) => {
      const answer = await carryOut(item);
      if ("seq" in answer) return answer;
      if ("send_at" in answer) {
        tellScheduled(queryClient, answer);
        return null;
      }
      writerOf(queryClient).answered(answer);
      return null;
    },
    onAccepted: (item, message) => {
      if (message) writerOf(queryClient).accept(message);
      // Without the stream nothing else tells what it changed.
      if (!isLive()) void refetchConversation(queryClient, item.conversationId);
    },
    onRefused: (item) => {
      // Refetch, so that the reason of the refusal shows (a new message, an opt-out, a revoked permission).
      void refetchConversation(queryClient, item.conversationId);
      void queryClient.invalidateQueries({ queryKey: keys.me });
    },
    // The guard of the signed-in pages leads to the sign-in page.
    onSignedOut: () => void queryClient.invalidateQueries({ queryKey: keys.me }),
    schedule: (tell) => notifyManager.schedule(tell),
  });
}

/**
 * Takes a text out of the outbox as soon as a loaded thread has its message, however it got there. Returns what ends that.
 */
export function recognizeOwnTexts(outbox: Outbox, queryClient: QueryClient): () => void {
  return queryClient.getQueryCache().subscribe((event) => {
    if (event.type !== "updated" || event.action.type !== "success") return;
    const [scope] = event.query.queryKey as readonly unknown[];
    if (scope !== keys.threads[0] || outbox.all().length === 0) return;
    const thread = event.query.state.data as ThreadData | undefined;
    outbox.recognize(messagesOf(thread?.entries ?? []));
  });
}
