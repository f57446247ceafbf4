/** Tells this tab that the API has accepted a text for later. */
import type { QueryClient } from "@tanstack/react-query";

import { keys } from "./keys";
import type { ScheduledText } from "./types";

type Listener = (text: ScheduledText) => void;
const listeners = new Set<Listener>();

/** The API has accepted a text for later that this tab sent. */
export function tellScheduled(queryClient: QueryClient, text: ScheduledText): void {
  void queryClient.invalidateQueries({ queryKey: keys.scheduledOf(text.conversation_id) });
  for (const listener of listeners) listener(text);
}

export function onScheduled(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
