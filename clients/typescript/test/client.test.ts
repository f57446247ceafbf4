/** The client against the service of MESSENGER_URL, with the key MESSENGER_KEY. `tests/clients/test_typescript.py` starts both. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import {
  etag,
  MessengerClient,
  NotModified,
  ProblemError,
  UnexpectedAnswer,
  VERSION,
  verifyWebhook,
  WebhookVerificationError,
} from "../dist/index.js";
import { problemError } from "../dist/errors.js";
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

for (const status of [429, 502, 503, 504])
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

test("a list goes on at a cursor that was kept", async () => {
  const query = { limit: 2 };
  const whole = await Array.fromAsync(client.iterate("/api/v1/families", { params: { query } }), (each) => each.id);
  let first;
  for await (first of client.pages("/api/v1/families", { params: { query } })) break;
  const cursor = first!.next_cursor!;
  const rest = client.iterate("/api/v1/families", { params: { query: { ...query, cursor } } });
  const ids = first!.items.map((each) => each.id);
  assert.deepEqual([...ids, ...(await Array.fromAsync(rest, (each) => each.id))], whole);
});

test("a change of what was read is refused once it has changed", async () => {
  const { id } = await client.post("/api/v1/families", { body: family(320) });
  const path = { family_id: id };
  const read = await client.get("/api/v1/families/{family_id}", { params: { path } });
  const ifMatch = { params: { path, header: { "If-Match": etag(read)! } } };
  const again = { params: { path, header: { "If-None-Match": etag(read)! } } };
  await assert.rejects(client.get("/api/v1/families/{family_id}", again), NotModified);
  await client.patch("/api/v1/families/{family_id}", { ...ifMatch, body: { name: "Once" } });
  const stale = await refusal(client.patch("/api/v1/families/{family_id}", { ...ifMatch, body: { name: "Twice" } }));
  assert.ok(stale.is("/problems/precondition-failed"));
  assert.equal(stale.problem.current?.name, "Once");
  const now = await client.get("/api/v1/families/{family_id}", again);
  assert.equal(now.name, "Once");
  assert.equal(stale.problem.etag, etag(now));
});

test("what is not the service is said", async () => {
  const other = new MessengerClient(relay.url, key, quick);
  relay.answers = [[200, { "Content-Type": "text/html" }]];
  await assert.rejects(other.get("/api/v1/indicator"), UnexpectedAnswer);
  relay.answers = [[301, { Location: "https://sms.example.com/api/v1/families" }]];
  await assert.rejects(other.post("/api/v1/families", { body: family(321) }), /moved to https:\/\/sms\.example\.com/);
  assert.equal(relay.seen.length, 2);
  for (const address of ["sms.example.com", "", `${url}/api/v1`])
    assert.throws(() => new MessengerClient(address, key), /baseUrl/);
  for (const wrong of ["", `${key}\n`]) assert.throws(() => new MessengerClient(url, wrong), /API key/);
});

test("a call ends in its time, and when the caller ends it", async () => {
  const other = new MessengerClient(relay.url, key, { retries: { firstWait: 200, within: 300 } });
  relay.answers = Array.from({ length: 5 }, () => [503, {}]);
  let began = Date.now();
  assert.equal((await refusal(other.get("/api/v1/indicator"))).status, 503);
  assert.ok(Date.now() - began < 1000);
  assert.ok(relay.seen.length >= 2 && relay.seen.length <= 3);
  relay.answers = [[503, { "Retry-After": "30" }]];
  began = Date.now();
  const ended = new MessengerClient(relay.url, key).get("/api/v1/indicator", { signal: AbortSignal.timeout(300) });
  await assert.rejects(ended, { name: "TimeoutError" });
  assert.ok(Date.now() - began < 5000);
});

test("an answer that breaks off is asked for again", async () => {
  const other = new MessengerClient(relay.url, key, quick);
  relay.breaks = 1;
  const made = await other.post("/api/v1/families", { body: family(322) });
  assert.equal(made.name, "Family 322");
  assert.equal(new Set(keys()).size, 1);
  assert.equal(keys().length, 2);
});

test("the answer of a proxy or of a newer service is an error with its status", async () => {
  const bodies = ["<html>502</html>", "", "null", '["no"]', '{"message": "no upstream", "errors": "many"}'];
  for (const body of [...bodies, '{"type": null, "errors": [{"message": "timeout"}, "text", null]}']) {
    const error = await problemError(new Response(body, { status: 502, headers: { "X-Request-ID": "r-1" } }));
    assert.deepEqual([error.status, error.type, error.requestId, error.errors], [502, "about:blank", "r-1", []], body);
  }
  const later = { type: "/problems/quiet-hours", title: "Quiet hours", status: 409, detail: "Later.", until: "9:00" };
  const error = await problemError(Response.json(later, { status: 409 }));
  assert.equal(error.type, "/problems/quiet-hours");
  assert.equal((error.problem as unknown as typeof later).until, "9:00");
});

test("a file is uploaded", async () => {
  const content = `%PDF-1.4\n${"x".repeat(2000)}\n%%EOF\n`;
  const upload = await client.upload(new Blob([content], { type: "application/pdf" }), "timetable.pdf");
  const back = await client.get("/api/v1/media/{upload_id}/content", {
    params: { path: { upload_id: upload.id } },
    parseAs: "text",
  });
  assert.equal(back, content);
  const again = await Promise.all(
    [1, 2].map(() => client.upload(new Blob([content], { type: "application/pdf" }), "timetable.pdf", "one-file-ts")),
  );
  assert.equal(again[0]!.id, again[1]!.id);
});

test("what is repeatable, what is retried, and when", () => {
  const none = new Headers();
  for (const method of ["GET", "HEAD", "PUT", "DELETE"]) assert.ok(isRepeatable(method, none));
  for (const method of ["POST", "PATCH"]) assert.ok(!isRepeatable(method, none));
  assert.ok(isRepeatable("POST", new Headers({ "Idempotency-Key": "k" })));
  assert.ok(!isRepeatable("PATCH", new Headers({ "Idempotency-Key": "k" })));
  const statuses = [400, 404, 409, 422, 429, 500, 502, 503, 504];
  assert.deepEqual(
    statuses.filter((status) => isRetried(status, none)),
    [429, 502, 503, 504],
  );
  assert.ok(isRetried(409, new Headers({ "Retry-After": "1" })));
  const noon = Date.UTC(2026, 10, 28, 12);
  assert.equal(retryAfter(new Headers({ "Retry-After": "7" })), 7000);
  assert.equal(retryAfter(new Headers({ "Retry-After": "Sat, 28 Nov 2026 12:00:09 GMT" }), noon), 9000);
  for (const unreadable of ["", "soon", "-1", "1.5", "Sat, 99 Nov 2026 12:00:09 GMT"])
    assert.equal(retryAfter(new Headers({ "Retry-After": unreadable })), null, unreadable);
  const retries = { most: 3, firstWait: 1000, longestWait: 10_000, within: 60_000 };
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
  assert.equal(waitBefore(1, null, retries, 60_000), null);
  assert.equal(waitBefore(1, 10_000, retries, 51_000), null);
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
  assert.equal(verifyWebhook(new TextEncoder().encode(body), headers, secret).id, "evt_1");
  for (const wrong of [{ "Webhook-Id": "evt_2" }, { "Webhook-Timestamp": "1" }, { "Webhook-Signature": "v1,AAAA" }])
    assert.throws(() => verifyWebhook(body, { ...headers, ...wrong }, secret), WebhookVerificationError);
  assert.throws(() => verifyWebhook(body.replace("3}", "4}"), headers, secret), WebhookVerificationError);
});
