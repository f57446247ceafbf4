export { etag, MessengerClient, type Options, type Page } from "./client.js";
export { NotModified, ProblemError, UnexpectedAnswer, type Problem } from "./errors.js";
export { VERSION } from "./operations.js";
export type { Retries } from "./retrying.js";
export type { components, operations, paths } from "./schema.js";
export { verifyWebhook, WebhookVerificationError, type WebhookEvent } from "./webhooks.js";
