/** The client against the service of MESSENGER_URL, with the key MESSENGER_KEY. `tests/clients/test_typescript.py` starts both. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { MessengerClient, ProblemError, VERSION, verifyWebhook, WebhookVerificationError } from "../dist/index.js";
import { isRepeatable, isRetried, retryAfter, waitBefore } from "../dist/retrying.js";
import { relayTo, type Relay } from "./relay.ts";

const url = process.env.MESSENGER_URL!;
const key = process.env.MESSENGER_KEY!;
const quick = { retries: { firstWait: 10 } };
const client = new MessengerClient(url, key);
let relay: Relay;

before(async () => {
  relay = await relayTo(url);
});
afterEach(() => {
  relay.seen = [];
});
after(() => relay.close());

function family(number: number) {
  const phone_number = `+1312555${String(number).padStart(4, "0")}`;
  const opt_in = { state: "opted_in", source: "portal" } as const;
  return {
    name: `Family ${number}`,
    contacts: [{ name: `Parent ${number}`, phone_records: [{ phone_number, opt_in }] }],
  };
}

async function refusal(call: Promise<unknown>): Promise<ProblemError> {
  const error = await call.then(
    () => assert.fail("It was not refused."),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProblemError, String(error));
  return error;
}

const keys = () => relay.seen.filter((each) => each.method === "POST").map((each) => each.headers["idempotency-key"]);

test("a key and the version go with each request", async () => {
  const other = new MessengerClient(`${relay.url}/`, key, { name: "Portal/2.1" });
  assert.ok(await other.get("/api/v1/providers"));
  const [seen] = relay.seen;
  assert.equal(seen?.headers.authorization, `Bearer ${key}`);
  assert.equal(seen?.headers["user-agent"], `Portal/2.1 messenger-center-client-typescript/${VERSION}`);
});

test("an answer that is lost is asked for again under the same key", async () => {
  const other = new MessengerClient(relay.url, key, quick);
  relay.loses = 2;
  const made = await other.post("/api/v1/families", { body: family(300) });
  const found = await Array.fromAsync(
    other.iterate("/api/v1/families", { params: { query: { q: "+13125550300" } } }),
  );
  assert.deepEqual(
    found.map((each) => each.id),
    [made.id],
    "It was created once.",
  );
  assert.equal(keys().length, 3);
  assert.equal(new Set(keys()).size, 1);
  assert.ok(keys()[0]);
});

test("two calls have two keys, and a key of the caller is kept", async () => {
  const other = new MessengerClient(relay.url, key);
  const mine = { params: { header: { "Idempotency-Key": "mine-ts" } } };
  await other.post("/api/v1/families", { body: family(301) });
  const second = await other.post("/api/v1/families", { ...mine, body: family(302) });
  const again = await other.post("/api/v1/families", { ...mine, body: family(302) });
  assert.equal(second.id, again.id);
  const refused = await refusal(other.post("/api/v1/families", { ...mine, body: family(303) }));
  assert.equal(refused.type, "/problems/idempotency-conflict");
  assert.equal(refused.status, 422);
  assert.deepEqual(keys().slice(1), ["mine-ts", "mine-ts", "mine-ts"]);
});

for (const status of [429, 503])
  test(`the client waits as it is told to after a ${status}`, async () => {
    const other = new MessengerClient(relay.url, key, quick);
    relay.answers = [[status, { "Retry-After": "1" }]];
    const began = Date.now();
    assert.ok((await other.get("/api/v1/indicator")).unread_messages >= 0);
    assert.ok(Date.now() - began >= 1000);
  });

test("retries end", async () => {
  const other = new MessengerClient(relay.url, key, { retries: { most: 2, firstWait: 10 } });
  relay.answers = [
    [503, {}],
    [503, {}],
    [503, {}],
  ];
  const refused = await refusal(other.get("/api/v1/indicator"));
  assert.deepEqual([refused.status, refused.type], [503, "about:blank"]);
  assert.equal(relay.seen.length, 3);
  relay.answers = [[429, { "Retry-After": "3600" }]];
  assert.equal((await refusal(other.get("/api/v1/indicator"))).status, 429);
  assert.equal(relay.seen.length, 4, "It does not wait for an hour.");
});

test("what may not happen twice is not repeated", async () => {
  const other = new MessengerClient(relay.url, key, quick);
  const { id } = await other.post("/api/v1/families", { body: family(304) });
  const path = { params: { path: { family_id: id } } };
  relay.loses = 1;
  await assert.rejects(
    other.patch("/api/v1/families/{family_id}", { ...path, body: { name: "Another name" } }),
    TypeError,
  );
  assert.equal((await other.get("/api/v1/families/{family_id}", path)).name, "Another name");
  assert.deepEqual(
    relay.seen.map((each) => each.method),
    ["POST", "PATCH", "GET"],
  );
});

test("nobody listens", async () => {
  const other = new MessengerClient("http://127.0.0.1:9", key, quick);
  await assert.rejects(other.get("/api/v1/indicator"));
});

test("a try ends at its timeout", async () => {
  const other = new MessengerClient(url, key, { timeout: 1, retries: { most: 0 } });
  await assert.rejects(other.get("/api/v1/conversations"), { name: "TimeoutError" });
});

test("a problem is an error of its type", async () => {
  const invalid = await refusal(client.post("/api/v1/families", { body: { name: "", contacts: [] } }));
  assert.deepEqual(
    invalid.errors.map((each) => each.pointer),
    ["/name"],
  );
  assert.ok(invalid.requestId && invalid.message.includes(invalid.requestId));

  const body = { phone_number: "+13125550998" };
  const refused = await refusal(client.post("/api/v1/conversations", { body }));
  assert.ok(refused.is("/problems/not-allowed-to-text"));
  assert.deepEqual([refused.problem.check.allowed, refused.problem.check.reason], [false, "no_record"]);

  const nobody = await refusal(new MessengerClient(url, "mc_nobody").get("/api/v1/me"));
  assert.equal(nobody.status, 401);
});

test("a list is an iterator over its pages", async () => {
  const other = new MessengerClient(relay.url, key);
  const made: string[] = [];
  for (let number = 310; number < 317; number++)
    made.push((await other.post("/api/v1/families", { body: family(number) })).id);
  relay.seen = [];
  const listed: string[] = [];
  for await (const each of other.iterate("/api/v1/families", { params: { query: { limit: 3 } } })) listed.push(each.id);
  assert.equal(new Set(listed).size, listed.length);
  assert.ok(made.every((id) => listed.includes(id)));
  assert.equal(relay.seen.length, Math.ceil(listed.length / 3), "Each page is asked for once.");
});

test("a file is uploaded", async () => {
  const content = `%PDF-1.4\n${"x".repeat(2000)}\n%%EOF\n`;
  const upload = await client.upload(new Blob([content], { type: "application/pdf" }), "timetable.pdf");
  const back = await client.get("/api/v1/media/{upload_id}/content", {
    params: { path: { upload_id: upload.id } },
    parseAs: "text",
  });
  assert.equal(back, content);
});

test("what is repeatable, what is retried, and when", () => {
  const service = "http://127.0.0.1/x";
  const none = new Headers();
  for (const method of ["GET", "HEAD", "PUT", "DELETE"]) assert.ok(isRepeatable(method, none, service));
  for (const method of ["POST", "PATCH"]) assert.ok(!isRepeatable(method, none, service));
  assert.ok(isRepeatable("POST", new Headers({ "Idempotency-Key": "k" }), service));
  assert.ok(isRepeatable("POST", none, `${service}?import_id=i`));
  const statuses = [400, 404, 409, 422, 429, 500, 502, 503];
  assert.deepEqual(
    statuses.filter((status) => isRetried(status, none)),
    [429, 503],
  );
  assert.ok(isRetried(409, new Headers({ "Retry-After": "1" })));
  const noon = Date.UTC(2026, 10, 28, 12);
  assert.equal(retryAfter(new Headers({ "Retry-After": "7" })), 7000);
  assert.equal(retryAfter(new Headers({ "Retry-After": "Sat, 28 Nov 2026 12:00:09 GMT" }), noon), 9000);
  assert.equal(retryAfter(new Headers({ "Retry-After": "soon" })), null);
  const retries = { most: 3, firstWait: 1000, longestWait: 10_000 };
  for (const [repetition, longest] of [
    [1, 1000],
    [2, 2000],
    [3, 4000],
  ] as const) {
    const wait = waitBefore(repetition, null, retries)!;
    assert.ok(longest / 2 <= wait && wait <= longest);
  }
  assert.equal(waitBefore(4, null, retries), null);
  assert.equal(waitBefore(1, 11_000, retries), null);
});

test("a webhook is verified", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = '{"type": "message.received", "timestamp": "2026-11-28T12:00:00Z", "data": {"seq": 3}}';
  const now = new Date();
  const headers = {
    "Webhook-Id": "evt_1",
    "Webhook-Timestamp": String(Math.floor(now.getTime() / 1000)),
    "Webhook-Signature": new Webhook(secret).sign("evt_1", now, body),
  };
  const event = verifyWebhook(Buffer.from(body), headers, secret);
  assert.deepEqual([event.id, event.type, event.data], ["evt_1", "message.received", { seq: 3 }]);
  assert.equal(event.timestamp.toISOString(), "2026-11-28T12:00:00.000Z");
  assert.equal(verifyWebhook(body, new Headers(headers), secret).id, "evt_1");
  for (const wrong of [{ "Webhook-Id": "evt_2" }, { "Webhook-Timestamp": "1" }, { "Webhook-Signature": "v1,AAAA" }])
    assert.throws(() => verifyWebhook(body, { ...headers, ...wrong }, secret), WebhookVerificationError);
  assert.throws(() => verifyWebhook(body.replace("3}", "4}"), headers, secret), WebhookVerificationError);
});
