/**
 * An integration in TypeScript, as a program: it plays the story of `tests/clients/test_story.py` through the client's public names.
 *
 * It prints one JSON object a line: what it waits for (`{"waits_for": …}`), and last what it has seen (`{"seen": …}`).
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MessengerClient, verifyWebhook, type WebhookEvent } from "messenger-center-client";

const url = process.env.MESSENGER_URL!;
const parent = process.env.MESSENGER_PARENT!;
/** The families' numbers are this one and the 999 after it. */
const numbers = Array.from({ length: 1000 }, (_, n) => `+1312${Number(parent.slice(-7)) + n}`);
const pageSize = 50;

const say = (message: object) => console.log(JSON.stringify(message));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The events that have been posted to this program, each with a good signature. */
const events: WebhookEvent[] = [];
let secret = "";
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request));
  events.push(verifyWebhook(body, request.headers, secret));
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

async function waitFor(isIt: (event: WebhookEvent) => boolean): Promise<WebhookEvent> {
  for (let tries = 0; tries < 3000; tries++) {
    const found = events.find(isIt);
    if (found) return found;
    await sleep(20);
  }
  throw new Error("The event has not come for a minute.");
}

const admin = new MessengerClient(url, process.env.MESSENGER_KEY!);
const made = await admin.post("/api/v1/api-keys", {
  body: { name: "Portal in TypeScript", permissions: ["sms_logs", "mass_text", "directory"] },
});
const endpoint = await admin.post("/api/v1/webhook-endpoints", {
  body: {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    event_types: ["message.received", "message.status_changed"],
  },
});
secret = endpoint.secret;

const client = new MessengerClient(url, made.key, { name: "Portal/1.0" });
const rows = numbers.map((phone_number, n) => ({
  kind: "family" as const,
  external_id: `typescript/${n}`,
  name: `TypeScript family ${n}`,
  contacts: [{ name: `Parent ${n}`, phone_records: [{ phone_number, opt_in: { state: "opted_in" as const } }] }],
}));
const report = await client.post("/api/v1/directory/import", { body: { rows } });
assert.ok("created" in report);
const checks = await client.post("/api/v1/opt-in-checks", { body: { phone_numbers: numbers } });
const conversation = await client.post("/api/v1/conversations", { body: { phone_number: parent } });
const params = { path: { conversation_id: conversation.id } };
const messages = "/api/v1/conversations/{conversation_id}/messages";
const sent = await client.post(messages, { params, body: { body: "Class is at 5:30." } });
const delivered = await waitFor((each) => each.data.message_id === sent.id && each.data.status === "delivered");

say({ waits_for: "a text" });
const question = await waitFor(
  (each) => each.type === "message.received" && each.data.conversation_id === conversation.id,
);
const newest = (await client.get(messages, { params })).items.at(-1)!;
assert.equal(question.data.message_id, newest.id);
await client.post(messages, { params, body: { body: "Yes, it is.", seen_seq: newest.seq } });

const listed: string[] = [];
for await (const each of client.iterate("/api/v1/conversations", { params: { query: { limit: pageSize } } })) {
  listed.push(each.id);
  if (listed.length === pageSize) say({ waits_for: "changes" });
  if (listed.length % pageSize === 0) await sleep(50);
}
say({ waits_for: "the last change" });

const logged = new Set<string>();
for await (const each of admin.iterate("/api/v1/events", { params: { query: { limit: 200 } } })) logged.add(each.id);
const audited: string[] = [];
const ofIt = { params: { query: { conversation_id: conversation.id } } };
for await (const each of admin.iterate("/api/v1/audit-entries", ofIt)) audited.push(each.action);
const keys: unknown[] = [];
const ofKeys = { params: { query: { action: "api_key.created" } } };
for await (const each of admin.iterate("/api/v1/audit-entries", ofKeys)) keys.push(each.details["name"]);

say({
  seen: {
    imported: report.created,
    allowed: checks.items.filter((each) => each.allowed).length,
    question: newest.body,
    delivered: delivered.id,
    not_in_the_log: events.map((each) => each.id).filter((id) => !logged.has(id)),
    listed,
    audited,
    keys,
  },
});
server.close();
server.closeAllConnections();
