import type { Message } from "@/api/types";
import type { PendingItem } from "@/api/outbox-items";

/**
 * The pending items that the thread does not show as messages yet. The event of a text's arrival can beat the answer to the
 * request that sent it; for that moment it stands in both, and the message wins.
 */
export function notYetShown(pending: readonly PendingItem[], messages: readonly Message[]): readonly PendingItem[] {
  if (pending.length === 0) return pending;
  const shown = new Set(messages.map((message) => message.client_key));
  return pending.filter((item) => !shown.has(item.key));
}
