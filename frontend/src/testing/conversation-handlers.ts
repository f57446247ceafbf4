/** The API in memory of conversations: the inbox, opening, viewing, closing, several at once. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { notFound, page, problem } from "./answers";
import { anId, NOW } from "./builders";
import { isLater, rowOf, type WorldState } from "./world-state";

export function conversationHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/indicator`, () => HttpResponse.json(world.indicator())),
    http.get(`${api}/conversations`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      const status = query.get("status");
      const owner = query.get("family_id") ?? query.get("staff_member_id");
      const [assignee, line] = [query.get("assignee"), query.get("line_id")];
      const found = world.conversations
        .filter((conversation) => !status || (conversation.status === status && !(status === "open" && isLater(conversation))))
        .filter((conversation) => query.get("later") !== "true" || isLater(conversation))
        .filter((conversation) => query.get("not_sent") !== "true" || conversation.not_sent > 0)
        .filter((conversation) => !assignee || (conversation.assignee?.id ?? "none") === assignee)
        .filter((conversation) => !line || conversation.line_id === line)
        .filter((conversation) => !owner || conversation.holders.some((holder) => holder.id === owner));
      return HttpResponse.json(page(found.map(rowOf), query, ({ last_message_at, id }) => [last_message_at, id]));
    }),
    http.get(`${api}/views`, () => HttpResponse.json({ items: world.views })),
    http.post(`${api}/conversations/bulk`, async ({ request }) => {
      const { action, items } = (await request.json()) as { action: string; items: { id: string; seen_seq: number }[] };
      world.bulk.push({ action, ids: items.map(({ id }) => id) });
      const results = items.map(({ id, seen_seq }) => {
        const row = world.find(id);
        if (action === "close" && row && row.last_seq > seen_seq) return { id, result: "new_messages", conversation: rowOf(row) };
        const changes: Record<string, object> = { close: { status: "closed", unread_messages: 0 }, dismiss_not_sent: { not_sent: 0 } };
        const changed = world.change(id, changes[action] ?? {});
        return { id, result: "done", conversation: changed && rowOf(changed) };
      });
      return HttpResponse.json({ items: results, undo_id: anId() });
    }),
    http.post(`${api}/conversations/bulk/:undo/undo`, () => {
      const { ids = [] } = world.bulk.at(-1) ?? {};
      const reopened = ids.map((id) => world.change(id, { status: "open" }));
      return HttpResponse.json({ items: reopened.map((each) => ({ id: each?.id, result: "done", conversation: each && rowOf(each) })), undo_id: null });
    }),
    http.get(`${api}/conversations/:id`, ({ params }) => {
      const conversation = world.find(params.id);
      return conversation ? HttpResponse.json(conversation) : notFound();
    }),
    http.post(`${api}/conversations/:id/close`, async ({ params, request }) => {
      const { seen_seq } = (await request.json()) as { seen_seq: number };
      const missed = world.thread(params.id).filter((message) => message.seq > seen_seq && message.direction === "inbound");
      if (missed.length > 0) return problem(409, "/problems/new-messages", "Something came in", { missed });
      return HttpResponse.json(world.change(params.id, { status: "closed", unread_messages: 0 }));
    }),
    http.post(`${api}/conversations/:id/reopen`, ({ params }) => HttpResponse.json(world.change(params.id, { status: "open" }))),
    http.put(`${api}/conversations/:id/viewers/:viewer`, async ({ params, request }) => {
      const { seen_seq } = (await request.json()) as { seen_seq: number };
      world.viewing.push({ conversationId: String(params.id), seenSeq: seen_seq });
      const conversation = world.find(params.id);
      if (conversation && seen_seq > conversation.seen_seq) {
        const unread = world.thread(params.id).filter((message) => message.seq > seen_seq && message.direction === "inbound").length;
        world.change(params.id, {
          seen_seq,
          unread_messages: unread,
          ...(unread === 0 && conversation.status === "unread" && { status: "open" }),
        });
      }
      if (!conversation) return notFound();
      const { version, status, seen_seq: seen, last_seq, unread_messages } = conversation;
      return HttpResponse.json({ viewer_id: params.viewer, expires_at: NOW.toISOString(), version, status, seen_seq: seen, last_seq, unread_messages });
    }),
    http.delete(`${api}/conversations/:id/viewers/:viewer`, ({ params }) => {
      world.viewing.push({ conversationId: String(params.id), seenSeq: null });
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
