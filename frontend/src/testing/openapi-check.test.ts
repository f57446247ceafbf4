import { HttpResponse } from "msw";
import { expect, test } from "vitest";

import { page, problem, without } from "./answers";
import { aConversation, aMessage, anId } from "./builders";
import { findMismatches } from "./openapi-check";
import { rowOf } from "./world-state";

const asked = (method: string, path: string, body = "", headers: Record<string, string> = { "Content-Type": "application/json" }) => ({
  method, url: new URL(`http://gym.test/api/v1${path}`), headers: new Headers(headers), body: Promise.resolve(body),
});
const conversation = aConversation();
const CLOSE = `/conversations/${conversation.id}/close`;

test("an answer and a request as the document has them are no mismatch", async () => {
  expect(await findMismatches(asked("POST", CLOSE, '{"seen_seq":1}'), HttpResponse.json(conversation))).toEqual([]);
  expect(await findMismatches(asked("GET", "/conversations?status=open&limit=5"), HttpResponse.json({ items: [rowOf(conversation)], next_cursor: null }))).toEqual([]);
  expect(await findMismatches(asked("GET", "/messages/search?q=class"), HttpResponse.json({ items: [], next_cursor: null }))).toEqual([]);
  expect(await findMismatches(asked("POST", CLOSE, "{}"), problem(409, "/problems/new-messages", "Something came in", { missed: [aMessage()] }))).toEqual([]);
});

test("what the document does not allow is named: routes, statuses, kinds, fields that are missing, wrong or too many", async () => {
  const wrong = { ...without(conversation, "status"), id: "7", seen: true };
  const closed = asked("POST", CLOSE, '{"seen_seq":1}');
  expect((await findMismatches(closed, HttpResponse.json(wrong))).join()).toMatch(/required property 'status'.*must NOT have additional properties \(seen\).*\/id must match format "uuid"/);
  expect(await findMismatches(closed, HttpResponse.json(conversation, { status: 202 }))).toEqual([expect.stringContaining("no route answers 202 here")]);
  expect(await findMismatches(closed, new HttpResponse(null, { status: 200 }))).toEqual([expect.stringContaining("it is application/json, not without a body")]);
  expect(await findMismatches(asked("POST", "/nowhere"), HttpResponse.json({}))).toEqual(["POST /api/v1/nowhere → 200: the API has no such route"]);
});

test("a request that was accepted is as the document has it: body, query, path and their kinds", async () => {
  const answered = (request: ReturnType<typeof asked>) => findMismatches(request, HttpResponse.json(conversation));
  expect(await answered(asked("POST", CLOSE, '{"seen_seq":"one","extra":1}'))).toHaveLength(2);
  expect(await answered(asked("POST", CLOSE))).toEqual([expect.stringContaining("the body is missing")]);
  expect(await answered(asked("POST", "/conversations/7/close", '{"seen_seq":1}'))).toEqual([expect.stringContaining("path /conversation_id must match format")]);
  expect(await answered(asked("POST", CLOSE, "seen", { "Content-Type": "text/plain" }))).toEqual([expect.stringContaining("a body of text/plain is not accepted")]);
  const list = HttpResponse.json({ items: [], next_cursor: null });
  expect(await findMismatches(asked("GET", "/conversations?stauts=open&limit=many"), list)).toHaveLength(2);
});

test("a list pages by keyset: what arrives between two pages moves no row, and a cursor of one's own is refused", () => {
  const rows = Array.from({ length: 5 }, (_, at) => ({ id: anId(), at }));
  const read = (cursor?: string | null) => page(rows, new URLSearchParams({ limit: "2", ...(cursor && { cursor }) }), ({ at, id }) => [at, id]);
  const first = read();
  expect(first.items.map(({ at }) => at)).toEqual([4, 3]);
  rows.push({ id: anId(), at: 9 });
  const second = read(first.next_cursor);
  expect(second.items.map(({ at }) => at)).toEqual([2, 1]);
  expect(read(second.next_cursor)).toEqual({ items: [rows[0]], next_cursor: null });
  expect(() => read("50")).toThrow();
});
