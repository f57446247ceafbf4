/** "I am writing here" (TYPING). A draft never leaves the browser. */
import { useCallback, useRef } from "react";

import { client } from "./client";

/** The server forgets it after six seconds. */
const REPEAT_MS = 3_000;

/** Call what it returns at each change of the text: it tells at most once in a while, and nothing waits for it. */
export function useTypingSignal(conversationId: string): (text: string) => void {
  const told = useRef(-Infinity);
  return useCallback(
    (text) => {
      const now = performance.now();
      if (text.trim() === "" || now - told.current < REPEAT_MS) return;
      told.current = now;
      // Colleagues miss a hint if it fails; the next one follows with the next words.
      client
        .POST("/api/v1/conversations/{conversation_id}/typing", { params: { path: { conversation_id: conversationId } } })
        .catch(() => undefined);
    },
    [conversationId],
  );
}
