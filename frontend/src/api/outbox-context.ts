/** The outbox of the signed-in person, for the components below `RealtimeProvider`. */
import { createContext, use, useMemo, useSyncExternalStore } from "react";

import type { Outbox } from "./outbox";
import { isPendingText, type FirstTextAct, type PendingCounts, type PendingItem, type PendingText } from "./outbox-items";

export const OutboxContext = createContext<Outbox | null>(null);

export function useOutbox(): Outbox {
  const outbox = use(OutboxContext);
  if (!outbox) throw new Error("useOutbox needs a RealtimeProvider above it");
  return outbox;
}

/** What the person has done to a conversation and the API has not answered yet, in order. */
export function usePendingItems(conversationId: string): readonly PendingItem[] {
  const outbox = useOutbox();
  const items = useSyncExternalStore(outbox.subscribe, outbox.all);
  return useMemo(() => items.filter((item) => item.conversationId === conversationId), [items, conversationId]);
}

export function usePendingTexts(conversationId: string): readonly PendingText[] {
  const items = usePendingItems(conversationId);
  return useMemo(() => items.filter(isPendingText), [items]);
}

/** First texts to numbers whose conversation is not known yet (TO-NAME). */
export function usePendingFirstTexts(): readonly PendingItem<FirstTextAct>[] {
  const outbox = useOutbox();
  const items = useSyncExternalStore(outbox.subscribe, outbox.all);
  return useMemo(() => items.filter((item): item is PendingItem<FirstTextAct> => item.act.kind === "first"), [items]);
}

/** The texts of this browser that have not gone, by conversation: for rows and badges (NOT-SENT). */
export function usePendingCounts(): ReadonlyMap<string, PendingCounts> {
  const outbox = useOutbox();
  return useSyncExternalStore(outbox.subscribe, outbox.counts);
}
