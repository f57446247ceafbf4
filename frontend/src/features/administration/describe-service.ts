/** The figures of the Service page in words for the desk. */
import type { ServiceStatus } from "@/api/service-status";
import { describeAge } from "@/lib/age";

/** The API counts no further. */
const MAX_COUNTED = 10_000;

function counted(count: number, noun: string): string {
  if (count >= MAX_COUNTED) return `10,000 ${noun}s or more`;
  return count === 1 ? `1 ${noun}` : `${count.toLocaleString("en-US")} ${noun}s`;
}

const texts = (count: number) => counted(count, "text");

/** "3 texts wait, the oldest for 40 s." */
function wait(count: number, noun: string, oldest: string | null, at: string): string {
  const age = oldest === null ? "" : count === 1 ? ` for ${describeAge(oldest, at)}` : `, the oldest for ${describeAge(oldest, at)}`;
  return `${counted(count, noun)} ${count === 1 ? "waits" : "wait"}${age}.`;
}

export function describeOutgoing({ outbox, at }: ServiceStatus): string[] {
  const { waiting, oldest_waiting_at, sending, unknown } = outbox;
  return [
    waiting === 0 ? "No text waits to be sent." : wait(waiting, "text", oldest_waiting_at, at),
    ...(sending > 0 ? [`${texts(sending)} ${sending === 1 ? "is" : "are"} being handed to the provider.`] : []),
    ...(unknown > 0
      ? [`${texts(unknown)} may or may not have left. Messenger finds out, and never sends ${unknown === 1 ? "it" : "them"} twice.`]
      : []),
  ];
}

export function describeIncoming({ journal, at }: ServiceStatus): string[] {
  const { pending, oldest_pending_at } = journal;
  return [
    pending === 0 ? "Nothing that arrived is waiting." : wait(pending, "incoming event", oldest_pending_at, at),
  ];
}

/** Null if there are none. */
export function describeQuarantined({ journal: { quarantined } }: ServiceStatus): string | null {
  if (quarantined === 0) return null;
  return `${texts(quarantined)} ${quarantined === 1 ? "is" : "are"} quarantined: ${quarantined === 1 ? "it" : "they"} arrived and could not be shown.`;
}
