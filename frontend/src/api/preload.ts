/** Loads a conversation before it is opened, so that it is painted at once. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { conversationQuery } from "./conversations";
import { threadQuery, type Anchor } from "./thread";

export function preloadConversation(queryClient: QueryClient, conversationId: string, around: Anchor | null = null): void {
  // Opening it tries again, and tells.
  const quietly = (loaded: Promise<unknown>) => void loaded.catch(() => undefined);
  quietly(queryClient.query(threadQuery(conversationId, around)));
  quietly(queryClient.query(conversationQuery(conversationId)));
}

export function usePreloadConversation(): (conversationId: string) => void {
  const queryClient = useQueryClient();
  return useCallback((conversationId) => preloadConversation(queryClient, conversationId), [queryClient]);
}
