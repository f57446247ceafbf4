/** The API in memory of texts: threads, sending, search. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { notFound, page, problem } from "./answers";
import { aConversation, NOW } from "./builders";
import { itemPage } from "./notes-world";
import type { SentRequest, WorldState } from "./world-state";
import type { Recipient } from "@/api/recipients";
import type { Message, SearchResult } from "@/api/types";

export function messageHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/sending-status`, () =>
      world.me?.permissions.includes("mass_text")
        ? HttpResponse.json({
            texts_are_leaving: world.textsAreLeaving, held: world.textsAreHeld,
            since: world.textsAreLeaving ? null : NOW.toISOString(),
          })
        : problem(403, "/problems/permission-required", "A permission is missing", { permission: "mass_text" }),
    ),
    http.get(`${api}/recipients`, ({ request }) => {
      const q = (new URL(request.url).searchParams.get("q") ?? "").toLowerCase();
      const digits = q.replace(/\D/g, "");
      const isFound = ({ owner_name, contact_name, phone_number }: Recipient) =>
        `${owner_name ?? ""} ${contact_name ?? ""}`.toLowerCase().includes(q) || (digits !== "" && phone_number.includes(digits));
      return HttpResponse.json({ items: world.recipients.filter(isFound) });
    }),
    http.post(`${api}/messages`, async ({ request }) => {
      const body = (await request.json()) as { phone_number: string; body: string };
      const key = request.headers.get("Idempotency-Key");
      world.sent.push({ key, body });
      const next = world.nextSends.shift();
      if (next) return next();
      const known = world.conversations.find((conversation) => conversation.phone_number === body.phone_number);
      const conversation = known ?? world.add(aConversation({ phone_number: body.phone_number, last_seq: 0 }));
      return world.accept(conversation.id, key, body);
    }),
    http.get(`${api}/conversations/:id/messages`, ({ params, request }) =>
      HttpResponse.json(threadPage(world.thread(params.id), new URL(request.url).searchParams)),
    ),
    http.get(`${api}/conversations/:id/thread`, ({ params, request }) =>
      HttpResponse.json(itemPage(world.items(params.id), new URL(request.url).searchParams)),
    ),
    http.get(`${api}/conversations/:id/audit-entries`, ({ params, request }) =>
      HttpResponse.json(
        page(
          world.entries.filter((entry) => entry.conversation_id === params.id),
          new URL(request.url).searchParams,
          ({ at, id }) => [at, id],
        ),
      ),
    ),
    http.post(`${api}/conversations/:id/messages`, async ({ params, request }) => {
      const body = (await request.json()) as SentRequest["body"];
      const key = request.headers.get("Idempotency-Key");
      world.sent.push({ key, body });
      const next = world.nextSends.shift();
      if (next) return next();
      const { send_at, only_if_nothing_new = true } = body;
      if (send_at !== undefined) return world.team.schedule(String(params.id), { body: body.body, send_at, only_if_nothing_new });
      return world.accept(String(params.id), key, body);
    }),
    http.get(`${api}/messages/search`, ({ request }) => {
      const next = world.nextSearches.shift();
      return next ? next() : HttpResponse.json(search(world, new URL(request.url).searchParams));
    }),
    http.get(`${api}/messages/:id`, ({ params }) => {
      const message = world.messages.find((candidate) => candidate.id === params.id);
      if (!message) return notFound();
      const timeline = [
        { at: message.created_at, status: "queued", source: "staff", code: null, detail: null },
        { at: message.created_at, status: message.status, source: "provider", code: message.error?.code ?? null, detail: null },
      ];
      return HttpResponse.json({ ...message, timeline, opt_in_check: null, cost: world.costs.get(message.id) ?? null });
    }),
  ];
}

/** One piece of text, wherever it stands; what a word is, and what matches, is the API's own tests' to prove. */
function search(world: WorldState, query: URLSearchParams) {
  const piece = (query.get("q") ?? "").toLowerCase();
  const results = world.messages
    .filter((message) => message.body.toLowerCase().includes(piece))
    .map((message): SearchResult | null => {
      const conversation = world.find(message.conversation_id);
      const start = message.body.toLowerCase().indexOf(piece);
      const highlights = [{ start, end: start + piece.length }];
      if (!conversation) return null;
      const { id, line_id, phone_number, display_name, status, holders } = conversation;
      const found = { id, line_id, phone_number, display_name, status, holders };
      return { message, conversation: found, highlights, snippet: { text: message.body, highlights, cut_before: false, cut_after: false } };
    });
  return page(results.filter((result) => result !== null), query, ({ message }) => [message.created_at, message.id]);
}

function threadPage(thread: Message[], query: URLSearchParams) {
  const limit = Number(query.get("limit") ?? 50);
  const before = query.get("before_seq");
  const after = query.get("after_seq");
  const around = query.get("around_seq");
  let items: Message[];
  if (before !== null) items = thread.filter((message) => message.seq < Number(before)).slice(-limit);
  else if (after !== null) items = thread.filter((message) => message.seq > Number(after)).slice(0, limit);
  else if (around !== null) {
    const at = thread.findIndex((message) => message.seq >= Number(around));
    const start = Math.max(0, at - Math.floor(limit / 2));
    items = thread.slice(start, start + limit);
  } else items = thread.slice(-limit);
  const [first, last] = [items[0]?.seq ?? Infinity, items.at(-1)?.seq ?? -Infinity];
  return {
    items,
    next_cursor: null,
    has_before: thread.some((message) => message.seq < first),
    has_after: thread.some((message) => message.seq > last),
  };
}
