/** Webhook endpoints and their deliveries in words. */
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEventType } from "@/api/webhook-endpoints";

export const EVENT_LABELS: Record<WebhookEventType, string> = {
  "message.received": "A text arrived",
  "message.sent": "A text was sent",
  "message.status_changed": "A text’s status changed",
  "conversation.opened": "A conversation was opened",
  "conversation.closed": "A conversation was closed",
  "conversation.unread": "A conversation became unread",
  "conversation.assigned": "A conversation was assigned",
  "opt_in.changed": "An opt-in changed",
  "mass_text.finished": "A mass text ended",
};

export const EVENT_TYPES = Object.keys(EVENT_LABELS) as WebhookEventType[];

export function describeEvent(type: WebhookDelivery["event_type"]): string {
  return type === "webhook_endpoint.test" ? "Test" : EVENT_LABELS[type];
}

export function describeTypes({ event_types: types }: WebhookEndpoint): string {
  if (types.length === 0) return "Every event";
  const [first] = types;
  return types.length === 1 && first ? EVENT_LABELS[first] : `${types.length} kinds of events`;
}

export function whySwitchedOff({ disabled_reason: reason }: WebhookEndpoint): string | null {
  switch (reason) {
    case "gone":
      return "It was switched off because it answered 410: the receiver wants no more events.";
    case "failing":
      return "It was switched off because every attempt of three days failed.";
    case "person":
      return "An administrator switched it off.";
    case null:
      return null;
  }
}

export const STATE_LABELS: Record<WebhookDelivery["state"], string> = { pending: "Waiting", delivered: "Delivered", failed: "Failed" };

export function describeAttempt({ status, error, duration_ms: took }: WebhookAttempt): string {
  const result = error ?? `It answered ${status ?? ""}.`;
  return `${result} (${took.toLocaleString("en")} ms)`;
}
