/** The delivery of a message in words for the desk. */
import type { Message, MessageDetail, MessageStatus } from "@/api/types";
import { shownMoney } from "@/lib/money";
import { nameIntegration } from "@/lib/text";

interface Delivery {
  label: string;
  /** Its meaning, for hover and focus. */
  meaning: string;
  tone: "quiet" | "bad" | "warn";
}

export const DELIVERY: Record<MessageStatus, Delivery> = {
  received: { label: "Received", meaning: "This text reached you.", tone: "quiet" },
  queued: { label: "Waiting to send", meaning: "It is next in line to be handed to the carrier.", tone: "quiet" },
  sending: { label: "Sending", meaning: "It is being handed to the carrier.", tone: "quiet" },
  sent: { label: "Sent", meaning: "The carrier has it; whether the phone has it is not known yet.", tone: "quiet" },
  delivered: { label: "Delivered", meaning: "The phone has received it.", tone: "quiet" },
  undelivered: { label: "Not delivered", meaning: "The carrier could not deliver it.", tone: "bad" },
  failed: { label: "Not sent", meaning: "It was not sent.", tone: "bad" },
  unknown: {
    label: "Unclear",
    meaning: "The carrier did not answer, so whether it was sent is not known. It is being looked up and will not be sent twice.",
    tone: "warn",
  },
};

/** Why a message did not arrive, as a sentence. */
export function describeFailure({ status, error }: Message): { label: string; reason: string } {
  const { label, meaning } = DELIVERY[status];
  return { label, reason: error ? `${error.title.replace(/\.$/, "")}.` : meaning };
}

type Step = MessageDetail["timeline"][number];

/** What each of our statuses means as a step of the way, by who said it. */
const STEPS: Record<string, string> = {
  received: "Arrived here",
  sending: "Handed to the carrier",
  sent: "The carrier accepted it",
  delivered: "The phone received it",
  undelivered: "The carrier could not deliver it",
  failed: "It was not sent",
  unknown: "The carrier did not answer; what became of it is being looked up",
  retrying: "The carrier was busy; it is tried again",
};

/** One step of a message's way, as a short sentence. A provider's own word is shown as it came. */
export function describeStep({ status, source }: Step, message: Message): string {
  if (status === "queued") return source === "staff" ? `${describeSender(message)} sent it` : "The Messenger sent it";
  const told = STEPS[status] ?? `The carrier reported “${status.replaceAll("_", " ")}”`;
  return source === "reconciliation" ? `${told}, says the carrier’s own record` : told;
}

/** What it cost, and who says so (COST). Not known is not 0. */
export function describeCost({ cost, status }: MessageDetail): string {
  if (cost) return `It cost ${shownMoney(cost)}, ${cost.source === "provider" ? "as the provider says" : "by the line’s price list"}.`;
  if (status === "queued" || status === "sending") return "";
  return status === "failed" ? "It cost nothing." : "What it cost is not known.";
}

/** Who of the business a message is from, in full. */
export function describeSender({ sent_by }: Message): string {
  if (!sent_by) return "Automatic";
  return sent_by.kind === "api_key" ? nameIntegration(sent_by.name) : sent_by.name;
}
