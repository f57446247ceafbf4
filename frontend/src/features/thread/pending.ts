import type { Message } from "@/api/types";
import type { PendingText } from "@/api/outbox";

/**
 * The pending texts that the thread does not show as messages yet. The event of a text's arrival can beat the answer to
 * the request that sent it; for that moment it stands in both, and the message wins.
 */
export function notYetShown(pending: readonly PendingText[], messages: readonly Message[], staffMemberId: string | undefined): PendingText[] {
  const candidates = messages.filter((message) => message.direction === "outbound" && message.sent_by?.id === staffMemberId);
  const taken = new Set<string>();
  return pending.filter((text) => {
    if (text.state === "refused") return true;
    const match = candidates.find(
      (message) =>
        !taken.has(message.id) &&
        message.body === text.body &&
        message.seq > (text.seenSeq ?? Infinity) &&
        // Clocks of browser and server may differ; a minute tells a repeated text from an earlier one.
        Date.parse(message.created_at) > Date.parse(text.createdAt) - 60_000,
    );
    if (match) taken.add(match.id);
    return !match;
  });
}
