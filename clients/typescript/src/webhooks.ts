import { Webhook, WebhookVerificationError } from "standardwebhooks";

export { WebhookVerificationError };

export interface WebhookEvent {
  /** The same as in `GET /events`. An event may come more than once: remember the ids that you have processed. */
  id: string;
  type: string;
  timestamp: Date;
  data: Record<string, unknown>;
}

/**
 * The event of a webhook. `body` is as it came, `secret` the endpoint's (`whsec_…`).
 *
 * Throws `WebhookVerificationError` unless the service has signed it within the last five minutes.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Record<string, string | string[] | undefined>,
  secret: string,
): WebhookEvent {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const names = Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value ?? "")]));
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const payload = new Webhook(secret).verify(text, names) as Omit<WebhookEvent, "id" | "timestamp"> & {
    timestamp: string;
  };
  return {
    id: names["webhook-id"] ?? "",
    type: payload.type,
    timestamp: new Date(payload.timestamp),
    data: payload.data,
  };
}
