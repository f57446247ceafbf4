/** Loads a conversation before it is opened, so that it is painted at once. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";

import { conversationQuery } from "./conversations";
import { threadQuery, type Anchor } from "./thread";

let opening: Promise<unknown> = Promise.resolve();

/** Resolves when the last conversation that was to be opened is loaded, or could not be: what is less urgent waits for it. */
export const whenOpened = (): Promise<unknown> => opening;

export function preloadConversation(queryClient: QueryClient, conversationId: string, around: Anchor | null = null): void {
  // If it fails, opening it tries again, and tells.
  opening = Promise.allSettled([
    queryClient.query(threadQuery(conversationId, around)),
    queryClient.query(conversationQuery(conversationId)),
  ]);
}

export function usePreloadConversation(): (conversationId: string) => void {
  const queryClient = useQueryClient();
  return useCallback((conversationId) => preloadConversation(queryClient, conversationId), [queryClient]);
}

/** Whether the conversation is loaded, or could not be: what stands beside its thread asks the server after that. */
export function useIsOpened(conversationId: string): boolean {
  const [openedId, setOpenedId] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    void whenOpened().then(() => {
      if (isCurrent) setOpenedId(conversationId);
    });
    return () => {
      isCurrent = false;
    };
  }, [conversationId]);
  return openedId === conversationId;
}
