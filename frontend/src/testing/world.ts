/**
 * A small API in memory for component tests: it keeps conversations and messages consistent the way the real one does,
 * remembers what was asked of it, and can be told to fail. Whatever it does not know fails the test.
 */
import { http, HttpResponse, type HttpHandler } from "msw";

import { aConversation, aLine, aMessage, anId, aPerson, aServiceStatus, aSession, byStaff, NOW } from "./builders";
import { FakeEventSource } from "./fake-event-source";
import { itemPage, itemsOf, NotesWorld } from "./notes-world";
import { NotificationsWorld } from "./notifications-world";
import { RecordsWorld } from "./records-world";
import { server } from "./server";
import { TeamWorld } from "./team-world";
import { PROVIDERS } from "./providers";
import type { Session } from "@/api/account";
import type { ApiKey } from "@/api/api-keys";
import type { InboxView } from "@/api/inbox-views";
import type { InboundEventDetail, InboundHealth } from "@/api/inbound";
import type { Line, LineHealth, NewLine } from "@/api/lines";
import type { Recipient } from "@/api/recipients";
import type { ServiceStatus } from "@/api/service-status";
import type { AuditEntry, ConversationDetail, Family, Me, Message, OptInCheck, OptInInstance, SearchResult, StaffMember, ThreadItem } from "@/api/types";

export interface SentRequest {
  key: string | null;
  body: { body: string; seen_seq?: number; close?: boolean; send_at?: string; only_if_nothing_new?: boolean };
}

type Answer = () => Response | Promise<Response>;

export class World {
  me: Me | null = aPerson();
  conversations: ConversationDetail[] = [];
  messages: Message[] = [];
  entries: AuditEntry[] = [];
  families: Family[] = [];
  staff: StaffMember[] = [];
  /** Saved replies, classes, tags, links and contexts. */
  readonly records = new RecordsWorld();
  /** Assignment, reminders, scheduled texts, and the settings of the business. */
  readonly team = new TeamWorld(this);
  /** Notes, mentions and scheduled texts. */
  readonly notes = new NotesWorld(() => this.actor());
  readonly notifications = new NotificationsWorld();
  apiKeys: ApiKey[] = [];
  lines: Line[] = [aLine()];
  /** What the provider answers to the next checks. */
  readonly checks: Omit<LineHealth, "at">[] = [];
  quarantined: InboundEventDetail[] = [];
  sessions: Session[] = [aSession({ is_current: true })];
  serviceStatus: ServiceStatus = aServiceStatus();
  textsAreLeaving = true;
  textsAreHeld = false;
  /** The health of inbound delivery, without the quarantined events. */
  inbound: Omit<InboundHealth, "quarantined"> = { pending: 0, oldest_pending_at: null, missed_last_week: 0, silent_lines: [], last_texts: [] };

  views: InboxView[] = [];
  /** Whom a name or a number finds. */
  recipients: Recipient[] = [];
  /** Every act on several conversations. */
  readonly bulk: { action: string; ids: string[] }[] = [];

  /** Every POST of a message, in order. */
  readonly sent: SentRequest[] = [];
  /** Every viewing request: PUT with its `seen_seq`, DELETE with null. */
  readonly viewing: { conversationId: string; seenSeq: number | null }[] = [];
  readonly requests: string[] = [];
  /** Every change of an opt-in state. */
  readonly optIns: { id: string; change: Record<string, unknown> }[] = [];
  /** Every creation and change of a record or a key. */
  readonly changes: { path: string; body: Record<string, unknown> }[] = [];
  /** Refusals whose records are gone. */
  refusals: { phone_number: string; instance: OptInInstance }[] = [];
  /** Every refusal that was lifted, and why. */
  readonly lifts: { id: string; body: Record<string, unknown> }[] = [];
  /** Numbers whose holder texted STOP, and when. */
  readonly stops = new Map<string, string>();
  /** What the next POSTs of messages answer instead of accepting. */
  readonly nextSends: Answer[] = [];
  /** What the next searches answer instead of results. */
  readonly nextSearches: Answer[] = [];
  private readonly answered = new Map<string, Message>();

  install(): this {
    server.use(...this.handlers());
    return this;
  }

  add(conversation: ConversationDetail, messages: Partial<Message>[] = []): ConversationDetail {
    this.conversations.push(conversation);
    for (const message of messages) this.append(conversation, message);
    return conversation;
  }

  /** Numbers a message and makes it the conversation's last. */
  append(conversation: ConversationDetail, message: Partial<Message>): Message {
    const seq = conversation.last_seq + 1;
    const created = aMessage({ created_at: NOW.toISOString(), ...message, conversation_id: conversation.id, seq });
    this.messages.push(created);
    conversation.last_seq = seq;
    conversation.last_message = {
      seq, direction: created.direction, preview: created.body, created_at: created.created_at, status: created.status,
      erased: created.erased_at !== null, sent_by: created.sent_by,
    };
    conversation.last_message_at = created.created_at;
    return created;
  }

  /** A text arrives while nobody looks: what the API does, and the events it sends. */
  receive(conversation: ConversationDetail, body: string): Message {
    const message = this.append(conversation, { body, direction: "inbound" });
    conversation.status = "unread";
    conversation.unread_messages += 1;
    this.announce(message);
    return message;
  }

  /** The message's status or files have changed, or it is new: what the API sends. */
  announce(message: Message): void {
    const conversation = this.find(message.conversation_id);
    if (!conversation) throw new Error("The message belongs to no conversation");
    conversation.version += 1;
    const { id: conversation_id, version } = conversation;
    FakeEventSource.tell("message", { conversation_id, message_id: message.id, version, message });
    this.announceRow(conversation);
  }

  announceRow(conversation: ConversationDetail): void {
    const { id: conversation_id, version } = conversation;
    FakeEventSource.tell("conversation", { conversation_id, version, conversation });
    FakeEventSource.tell("indicator", this.indicator());
  }

  private find(id: unknown): ConversationDetail | undefined {
    return this.conversations.find((conversation) => conversation.id === id);
  }

  /** The thread's items: what has no place of its own stands after the last message at its time. */
  private items(id: unknown): ThreadItem[] {
    const messages = this.thread(id);
    return itemsOf(messages, [
      ...this.entries.filter((entry) => entry.conversation_id === id).map((audit_entry) => ({ kind: "audit_entry" as const, audit_entry })),
      ...this.notes.notes.filter((note) => note.conversation_id === id).map((note) => ({ kind: "note" as const, note })),
      ...this.notes.scheduled.filter((text) => text.conversation_id === id).map((scheduled_text) => ({ kind: "scheduled_text" as const, scheduled_text })),
    ]);
  }

  private thread(id: unknown): Message[] {
    return this.messages.filter((message) => message.conversation_id === id).sort((a, b) => a.seq - b.seq);
  }

  private handlers(): HttpHandler[] {
    const api = "*/api/v1";
    return [
      http.all(`${api}/*`, ({ request }) => {
        const { pathname, search } = new URL(request.url);
        this.requests.push(`${request.method} ${pathname}${search}`);
        if (!this.me && !pathname.endsWith("/session")) return problem(401, "/problems/not-signed-in", "Not signed in");
        return undefined;
      }),
      http.get(`${api}/me`, () => HttpResponse.json(this.me)),
      http.delete(`${api}/session`, () => {
        this.me = null;
        return new HttpResponse(null, { status: 204 });
      }),
      http.get(`${api}/indicator`, () => HttpResponse.json(this.indicator())),
      http.get(`${api}/sending-status`, () =>
        this.me?.permissions.includes("mass_text")
          ? HttpResponse.json({
              texts_are_leaving: this.textsAreLeaving, held: this.textsAreHeld,
              since: this.textsAreLeaving ? null : NOW.toISOString(),
            })
          : problem(403, "/problems/permission-required", "A permission is missing"),
      ),
      http.get(`${api}/conversations`, ({ request }) => {
        const query = new URL(request.url).searchParams;
        const status = query.get("status");
        const owner = query.get("family_id") ?? query.get("staff_member_id");
        const [assignee, line] = [query.get("assignee"), query.get("line_id")];
        const found = this.conversations
          .filter((conversation) => !status || (conversation.status === status && !(status === "open" && isLater(conversation))))
          .filter((conversation) => query.get("later") !== "true" || isLater(conversation))
          .filter((conversation) => query.get("not_sent") !== "true" || conversation.not_sent > 0)
          .filter((conversation) => !assignee || (conversation.assignee?.id ?? "none") === assignee)
          .filter((conversation) => !line || conversation.line_id === line)
          .filter((conversation) => !owner || conversation.holders.some((holder) => holder.id === owner))
          .sort((a, b) => b.last_message_at.localeCompare(a.last_message_at));
        return HttpResponse.json(page(found, query));
      }),
      http.get(`${api}/views`, () => HttpResponse.json({ items: this.views })),
      http.get(`${api}/recipients`, ({ request }) => {
        const q = (new URL(request.url).searchParams.get("q") ?? "").toLowerCase();
        const digits = q.replace(/\D/g, "");
        const isFound = ({ owner_name, contact_name, phone_number }: Recipient) =>
          `${owner_name ?? ""} ${contact_name ?? ""}`.toLowerCase().includes(q) || (digits !== "" && phone_number.includes(digits));
        return HttpResponse.json({ items: this.recipients.filter(isFound) });
      }),
      http.post(`${api}/messages`, async ({ request }) => {
        const body = (await request.json()) as { phone_number: string; body: string };
        const key = request.headers.get("Idempotency-Key");
        this.sent.push({ key, body });
        const next = this.nextSends.shift();
        if (next) return next();
        const known = this.conversations.find((conversation) => conversation.phone_number === body.phone_number);
        const conversation = known ?? this.add(aConversation({ phone_number: body.phone_number, last_seq: 0 }));
        return this.accept(conversation.id, key, body);
      }),
      http.post(`${api}/conversations/bulk`, async ({ request }) => {
        const { action, items } = (await request.json()) as { action: string; items: { id: string; seen_seq: number }[] };
        this.bulk.push({ action, ids: items.map(({ id }) => id) });
        const results = items.map(({ id, seen_seq }) => {
          const row = this.find(id);
          if (action === "close" && row && row.last_seq > seen_seq) return { id, result: "new_messages", conversation: row };
          const changes: Record<string, object> = { close: { status: "closed", unread_messages: 0 }, dismiss_not_sent: { not_sent: 0 } };
          return { id, result: "done", conversation: this.change(id, changes[action] ?? {}) };
        });
        return HttpResponse.json({ items: results, undo_id: anId() });
      }),
      http.post(`${api}/conversations/bulk/:undo/undo`, () => {
        const { ids = [] } = this.bulk.at(-1) ?? {};
        return HttpResponse.json({ items: ids.map((id) => ({ id, result: "done", conversation: this.change(id, { status: "open" }) })), undo_id: null });
      }),
      http.get(`${api}/conversations/:id`, ({ params }) => {
        const conversation = this.find(params.id);
        return conversation ? HttpResponse.json(conversation) : problem(404, "/problems/not-found", "Not found");
      }),
      http.get(`${api}/conversations/:id/messages`, ({ params, request }) =>
        HttpResponse.json(threadPage(this.thread(params.id), new URL(request.url).searchParams)),
      ),
      http.get(`${api}/conversations/:id/thread`, ({ params, request }) =>
        HttpResponse.json(itemPage(this.items(params.id), new URL(request.url).searchParams)),
      ),
      ...this.notes.handlers(api),
      http.get(`${api}/conversations/:id/audit-entries`, ({ params, request }) =>
        HttpResponse.json(
          page(
            this.entries.filter((entry) => entry.conversation_id === params.id).sort((a, b) => b.at.localeCompare(a.at)),
            new URL(request.url).searchParams,
          ),
        ),
      ),
      http.post(`${api}/conversations/:id/messages`, async ({ params, request }) => {
        const body = (await request.json()) as SentRequest["body"];
        const key = request.headers.get("Idempotency-Key");
        this.sent.push({ key, body });
        const next = this.nextSends.shift();
        if (next) return next();
        const { send_at, only_if_nothing_new = true } = body;
        if (send_at !== undefined) return this.team.schedule(String(params.id), { body: body.body, send_at, only_if_nothing_new });
        return this.accept(String(params.id), key, body);
      }),
      http.post(`${api}/conversations/:id/close`, async ({ params, request }) => {
        const { seen_seq } = (await request.json()) as { seen_seq: number };
        const missed = this.thread(params.id).filter((message) => message.seq > seen_seq && message.direction === "inbound");
        if (missed.length > 0) return problem(409, "/problems/new-messages", "Something came in", { missed });
        return HttpResponse.json(this.change(params.id, { status: "closed", unread_messages: 0 }));
      }),
      http.post(`${api}/conversations/:id/reopen`, ({ params }) => HttpResponse.json(this.change(params.id, { status: "open" }))),
      http.put(`${api}/conversations/:id/viewers/:viewer`, async ({ params, request }) => {
        const { seen_seq } = (await request.json()) as { seen_seq: number };
        this.viewing.push({ conversationId: String(params.id), seenSeq: seen_seq });
        const conversation = this.find(params.id);
        if (conversation && seen_seq > conversation.seen_seq) {
          const unread = this.thread(params.id).filter((message) => message.seq > seen_seq && message.direction === "inbound").length;
          this.change(params.id, {
            seen_seq,
            unread_messages: unread,
            ...(unread === 0 && conversation.status === "unread" && { status: "open" }),
          });
        }
        return conversation
          ? HttpResponse.json({ ...conversation, viewer_id: params.viewer, expires_at: NOW.toISOString() })
          : problem(404, "/problems/not-found", "Not found");
      }),
      http.delete(`${api}/conversations/:id/viewers/:viewer`, ({ params }) => {
        this.viewing.push({ conversationId: String(params.id), seenSeq: null });
        return new HttpResponse(null, { status: 204 });
      }),
      http.put(`${api}/phone-records/:id/opt-in`, async ({ params, request }) => {
        const change = (await request.json()) as Record<string, unknown>;
        this.optIns.push({ id: String(params.id), change });
        const opt_in = { state: change.state, source: change.source, changed_at: NOW.toISOString(), changed_by: this.actor() };
        for (const conversation of this.conversations) {
          const { opt_in_check } = conversation;
          const instance = opt_in_check.instances.find((each) => each.phone_record_id === params.id);
          if (!instance) continue;
          Object.assign(instance, opt_in, { blocks: change.state !== "opted_in" });
          Object.assign(opt_in_check, verdict(opt_in_check.stopped_at, opt_in_check.instances));
          this.announceRow(conversation);
        }
        const record = this.phoneRecords().find((each) => each.record.id === params.id)?.record;
        if (record) Object.assign(record, { opt_in });
        if (Array.isArray(change.replaces_refusals)) this.lift(change.replaces_refusals);
        return HttpResponse.json(record ?? { id: params.id, phone_number: "+13125550101", label: null, opt_in });
      }),
      http.get(`${api}/phone-numbers/:number`, ({ params }) => {
        const phone_number = String(params.number);
        const refusals = this.refusalsOf(phone_number).map(({ refusal_id, ...refusal }) => ({
          ...refusal, id: refusal_id, lifted_at: null, lifted_by: null, lift_reason: null, replaced_by: null,
        }));
        return HttpResponse.json({ phone_number, stopped_at: null, consent: this.check(phone_number), records: [], refusals, conversations: [] });
      }),
      http.post(`${api}/phone-numbers/:number/refusals/:id/lift`, async ({ params, request }) => {
        this.lifts.push({ id: String(params.id), body: (await request.json()) as Record<string, unknown> });
        this.lift([params.id]);
        return HttpResponse.json({ id: params.id });
      }),
      http.post(`${api}/phone-numbers/:number/erase`, async ({ params, request }) => {
        this.changes.push({ path: `/phone-numbers/${String(params.number)}/erase`, body: (await request.json()) as Record<string, unknown> });
        const counts = {
          conversations: 1, cancelled: 0, texts: 2, notes: 0, files: 0, raw_events: 2, audit_entries: 3, answers: 0, import_rows: 0,
          phone_records: 1, staff_records: 0, contacts: 1, families: 1, refusals_kept: 1,
        };
        for (const each of this.conversations.values()) {
          if (each.phone_number === params.number) Object.assign(each, { phone_number: `erased:${anId()}`, holders: [] });
        }
        const requested_by = { kind: "staff_member", id: anId(), name: "Ada" };
        return HttpResponse.json({
          id: anId(), state: "done", stage: "done", counts, requested_by, reason: "", created_at: NOW.toISOString(), finished_at: NOW.toISOString(),
        });
      }),
      http.post(`${api}/opt-in-checks`, async ({ request }) => {
        const { phone_numbers } = (await request.json()) as { phone_numbers: string[] };
        return HttpResponse.json({ items: phone_numbers.map((number) => this.check(number)) });
      }),
      http.get(`${api}/messages/search`, ({ request }) => {
        const next = this.nextSearches.shift();
        return next ? next() : HttpResponse.json(this.search(new URL(request.url).searchParams));
      }),
      http.get(`${api}/messages/:id`, ({ params }) => {
        const message = this.messages.find((candidate) => candidate.id === params.id);
        if (!message) return problem(404, "/problems/not-found", "Not found");
        const timeline = [
          { at: message.created_at, status: "queued", source: "staff", code: null, detail: null },
          { at: message.created_at, status: message.status, source: "provider", code: message.error?.code ?? null, detail: null },
        ];
        return HttpResponse.json({ ...message, timeline, opt_in_check: null });
      }),
      http.get(`${api}/families`, ({ request }) => HttpResponse.json(directoryPage(this.families, request))),
      http.get(`${api}/families/:id`, ({ params }) => one(this.families, params.id)),
      http.get(`${api}/staff-members`, ({ request }) => {
        const archived = new URL(request.url).searchParams.get("archived") === "true";
        return HttpResponse.json(directoryPage(this.staff.filter((member) => member.archived === archived), request));
      }),
      http.get(`${api}/staff-members/:id`, ({ params }) => one(this.staff, params.id)),
      http.post(`${api}/staff-members`, async ({ request }) => this.create(this.staff, "/staff-members", request)),
      http.patch(`${api}/staff-members/:id`, async ({ params, request }) => this.patch(this.staff, params.id, request)),
      http.post(`${api}/families`, async ({ request }) => this.create(this.families, "/families", request)),
      http.patch(`${api}/families/:id`, async ({ params, request }) => this.patch(this.families, params.id, request)),
      http.get(`${api}/me/sessions`, ({ request }) => HttpResponse.json(page(this.sessions, new URL(request.url).searchParams))),
      http.delete(`${api}/me/sessions`, () => HttpResponse.json({ ended: this.endSessions((session) => !session.is_current) })),
      http.delete(`${api}/me/sessions/:id`, ({ params }) =>
        this.endSessions((session) => session.id === params.id) > 0 ? new HttpResponse(null, { status: 204 }) : problem(404, "/problems/not-found", "Not found"),
      ),
      http.put(`${api}/me/password`, async ({ request }) => {
        this.changes.push({ path: "/me/password", body: (await request.json()) as Record<string, unknown> });
        return HttpResponse.json({ ended: this.endSessions((session) => !session.is_current) });
      }),
      http.delete(`${api}/staff-members/:id/sessions`, ({ params }) => {
        this.changes.push({ path: `${String(params.id)}/sessions`, body: {} });
        return HttpResponse.json({ ended: 1 });
      }),
      http.get(`${api}/service-status`, () => HttpResponse.json(this.serviceStatus)),
      http.get(`${api}/api-keys`, ({ request }) => HttpResponse.json(page(this.apiKeys, new URL(request.url).searchParams))),
      http.post(`${api}/api-keys`, async ({ request }) => {
        const body = (await request.json()) as Pick<ApiKey, "name" | "permissions" | "expires_at">;
        this.changes.push({ path: "/api-keys", body });
        const created = { ...body, id: anId(), prefix: "mk_abcd", created_at: NOW.toISOString(), last_used_at: null, revoked_at: null };
        this.apiKeys.push(created);
        return HttpResponse.json({ ...created, key: "mk_abcd_the-whole-secret" }, { status: 201 });
      }),
      http.get(`${api}/audit-entries`, ({ request }) => {
        const query = new URL(request.url).searchParams;
        const found = this.entries
          .filter(({ action, actor, at }) => {
            const [from, to] = [query.get("from"), query.get("to")];
            return (
              (query.get("action") ?? action) === action &&
              (query.get("actor_id") ?? actor.id) === actor.id &&
              (!from || at >= from) &&
              (!to || at < to)
            );
          })
          .sort((a, b) => b.at.localeCompare(a.at));
        return HttpResponse.json(page(found, query));
      }),
      http.get(`${api}/audit-entries/verification`, () =>
        HttpResponse.json({ whole: true, entries: this.entries.length, broken: null }),
      ),
      http.delete(`${api}/api-keys/:id`, ({ params }) => {
        const found = this.apiKeys.find((apiKey) => apiKey.id === params.id);
        if (!found) return problem(404, "/problems/not-found", "Not found");
        found.revoked_at = NOW.toISOString();
        return new HttpResponse(null, { status: 204 });
      }),
      http.get(`${api}/providers`, () => HttpResponse.json(PROVIDERS)),
      http.get(`${api}/lines`, ({ request }) => HttpResponse.json(page(this.lines, new URL(request.url).searchParams))),
      http.post(`${api}/lines`, async ({ request }) => {
        const body = (await request.json()) as NewLine;
        this.changes.push({ path: "/lines", body: { ...body } });
        const { label, phone_number, kind, country, provider } = body;
        const created = aLine({ id: anId(), label, phone_number, kind, country, provider });
        this.lines.push(created);
        return HttpResponse.json(created, { status: 201 });
      }),
      http.patch(`${api}/lines/:id`, async ({ params, request }) => {
        const { credentials, ...plain } = (await request.json()) as Record<string, unknown>;
        this.changes.push({ path: String(params.id), body: { ...plain, ...(credentials !== undefined && { credentials }) } });
        const found = this.lines.find((line) => line.id === params.id);
        return found ? HttpResponse.json(Object.assign(found, plain)) : problem(404, "/problems/not-found", "Not found");
      }),
      http.post(`${api}/lines/:id/check`, ({ params }) => {
        const found = this.lines.find((line) => line.id === params.id);
        const answer = this.checks.shift();
        if (!found || !answer) return problem(404, "/problems/not-found", "Not found");
        found.health = { ...answer, at: NOW.toISOString() };
        return HttpResponse.json(found.health);
      }),
      ...this.records.handlers(api),
      ...this.notifications.handlers(api),
      ...this.team.handlers(api),
      http.get(`${api}/inbound-health`, () => HttpResponse.json({ ...this.inbound, quarantined: this.quarantined.length })),
      http.get(`${api}/inbound-events`, ({ request }) =>
        HttpResponse.json(page(this.quarantined.map((event) => ({ ...event, raw: undefined })), new URL(request.url).searchParams)),
      ),
      http.get(`${api}/inbound-events/:id`, ({ params }) => one(this.quarantined, params.id)),
      http.post(`${api}/inbound-events/:id/replay`, ({ params }) => {
        this.quarantined = this.quarantined.filter((event) => event.id !== params.id);
        return HttpResponse.json({ id: params.id, state: "pending" });
      }),
      http.post(`${api}/inbound-replays`, () => {
        const replayed = this.quarantined.splice(0).length;
        return HttpResponse.json({ replayed, remaining: 0 });
      }),
    ];
  }

  private endSessions(isEnded: (session: Session) => boolean): number {
    const before = this.sessions.length;
    this.sessions = this.sessions.filter((session) => !isEnded(session));
    return before - this.sessions.length;
  }

  /** Creates or changes a record as its body says; what the API works out from it is the API's own tests' to prove. */
  private async create(records: { id: string }[], path: string, request: Request): Promise<Response> {
    const body = (await request.json()) as Record<string, unknown>;
    this.changes.push({ path, body });
    const created = { id: anId(), external_id: null, email: null, archived: false, contacts: [], phone_records: [], students: [], tags: [], location: null, notes: null, ...body };
    records.push(created);
    return HttpResponse.json(created, { status: 201 });
  }

  private async patch(records: { id: string }[], id: unknown, request: Request): Promise<Response> {
    const body = (await request.json()) as Record<string, unknown>;
    const found = records.find((record) => record.id === id);
    if (!found) return problem(404, "/problems/not-found", "Not found");
    this.changes.push({ path: String(id), body });
    const plain = Object.entries(body).filter(([field]) => !["contacts", "phone_records", "students"].includes(field));
    Object.assign(found, Object.fromEntries(plain));
    return HttpResponse.json(found);
  }

  /** One piece of text, wherever it stands; what a word is, and what matches, is the API's own tests' to prove. */
  private search(query: URLSearchParams) {
    const piece = (query.get("q") ?? "").toLowerCase();
    const results = this.messages
      .filter((message) => message.body.toLowerCase().includes(piece))
      .sort((a, b) => b.created_at.localeCompare(a.created_at))
      .map((message): SearchResult | null => {
        const conversation = this.find(message.conversation_id);
        const start = message.body.toLowerCase().indexOf(piece);
        const highlights = [{ start, end: start + piece.length }];
        return conversation ? { message, conversation, highlights, snippet: { text: message.body, highlights, cut_before: false, cut_after: false } } : null;
      });
    return page(results.filter((result) => result !== null), query);
  }

  private actor() {
    const person = this.me?.staff_member;
    return person ? { kind: "staff_member" as const, id: person.id, name: person.name } : null;
  }

  private phoneRecords() {
    return [
      ...this.families.flatMap((family) =>
        family.contacts.flatMap((contact) =>
          contact.phone_records.map((record) => ({ kind: "family" as const, owner: family, contact: contact.name, record })),
        ),
      ),
      ...this.staff.flatMap((owner) =>
        owner.phone_records.map((record) => ({ kind: "staff_member" as const, owner, contact: null, record })),
      ),
    ];
  }

  private refusalsOf(phone_number: string): OptInInstance[] {
    return this.refusals.filter((refusal) => refusal.phone_number === phone_number).map(({ instance }) => instance);
  }

  private lift(refusalIds: unknown[]): void {
    this.refusals = this.refusals.filter(({ instance }) => !refusalIds.includes(instance.refusal_id));
    for (const { opt_in_check } of this.conversations) {
      opt_in_check.instances = opt_in_check.instances.filter(({ refusal_id }) => refusal_id === null || !refusalIds.includes(refusal_id));
      Object.assign(opt_in_check, verdict(opt_in_check.stopped_at, opt_in_check.instances));
    }
  }

  private check(phone_number: string): OptInCheck {
    const records: OptInInstance[] = this.phoneRecords()
      .filter(({ record }) => record.phone_number === phone_number)
      .map(({ kind, owner, contact, record }) => ({
        phone_record_id: record.id, kind, owner_id: owner.id, owner_name: owner.name, contact_name: contact,
        ...record.opt_in, archived: owner.archived, blocks: record.opt_in.state !== "opted_in",
        refusal_id: null, removed: null, removed_at: null, removed_by: null, phone_number: null,
      }));
    const instances = [...records, ...this.refusalsOf(phone_number)];
    const stopped_at = this.stops.get(phone_number) ?? null;
    return { phone_number, note: null, stopped_at, stopped_as: null, instances, ...verdict(stopped_at, instances) };
  }

  private indicator() {
    const unread = this.conversations.filter((conversation) => conversation.status === "unread");
    return {
      unread_messages: unread.reduce((sum, conversation) => sum + conversation.unread_messages, 0),
      unread_conversations: unread.length,
      open_conversations: this.conversations.filter((conversation) => conversation.status === "open" && !isLater(conversation)).length,
      not_sent_conversations: this.conversations.filter((conversation) => conversation.not_sent > 0).length,
      mine_conversations: 0,
      unassigned_conversations: this.conversations.filter(
        (conversation) => conversation.assignee === null && conversation.status !== "closed" && !isLater(conversation),
      ).length,
      later_conversations: this.conversations.filter(isLater).length,
    };
  }

  change(id: unknown, fields: Partial<ConversationDetail>): ConversationDetail | undefined {
    const conversation = this.find(id);
    if (!conversation) return undefined;
    Object.assign(conversation, fields, { version: conversation.version + 1 });
    this.announceRow(conversation);
    return conversation;
  }

  /** Accepts a text as SEND-ONCE demands. Also what a test calls to play an answer that got lost. */
  accept(conversationId: string, key: string | null, body: SentRequest["body"]): Response {
    const before = key === null ? undefined : this.answered.get(key);
    if (before) return HttpResponse.json(before, { status: 201 });
    const conversation = this.find(conversationId);
    if (!conversation) return problem(404, "/problems/not-found", "Not found");
    const missed = this.thread(conversationId).filter((message) => message.seq > (body.seen_seq ?? Infinity));
    if (missed.length > 0) return problem(409, "/problems/new-messages", "Something came in", { missed });
    const message = this.append(conversation, {
      id: anId(), direction: "outbound", body: body.body, status: "queued",
      sent_by: this.me?.staff_member ? byStaff({ id: this.me.staff_member.id, name: this.me.staff_member.name }) : null,
      created_at: new Date().toISOString(),
    });
    conversation.status = body.close ? "closed" : "open";
    conversation.unread_messages = 0;
    conversation.seen_seq = conversation.last_seq;
    if (key !== null) this.answered.set(key, message);
    this.announce(message);
    return HttpResponse.json(message, { status: 201 });
  }
}

/** OPTIN-ALL, as far as a page can tell: one record that is not opted in blocks the number. */
function verdict(stoppedAt: string | null, instances: OptInCheck["instances"]): Pick<OptInCheck, "allowed" | "reason"> {
  if (stoppedAt !== null) return { allowed: false, reason: "stopped" };
  const blocking = instances.filter((instance) => instance.blocks);
  if (blocking.some((instance) => instance.state === "opted_out")) return { allowed: false, reason: "opted_out" };
  if (blocking.length > 0) return { allowed: false, reason: "not_opted_in" };
  return instances.length > 0 ? { allowed: true, reason: "allowed" } : { allowed: false, reason: "no_record" };
}

export function problem(status: number, type: string, title: string, fields: Record<string, unknown> = {}, headers: Record<string, string> = {}): Response {
  return HttpResponse.json(
    { type, title, status, detail: null, instance: null, request_id: null, ...fields },
    { status, headers: { "Content-Type": "application/problem+json", ...headers } },
  );
}

function page<Item>(items: Item[], query: URLSearchParams) {
  const start = Number(query.get("cursor") ?? 0);
  const limit = Number(query.get("limit") ?? 50);
  const end = start + limit;
  return { items: items.slice(start, end), next_cursor: end < items.length ? String(end) : null };
}

function directoryPage<Item extends object>(items: Item[], request: Request) {
  const query = new URL(request.url).searchParams;
  const q = query.get("q")?.toLowerCase() ?? "";
  const tag = query.get("tag");
  const classId = query.get("class_id");
  const location = query.get("location");
  const found = items
    .filter((item) => JSON.stringify(item).toLowerCase().includes(q))
    .filter((item) => !tag || ("tags" in item && (item.tags as string[]).includes(tag)))
    .filter((item) => !classId || JSON.stringify(item).includes(classId))
    .filter((item) => !location || ("location" in item && item.location === location));
  return page(found, query);
}

function one(items: { id: string }[], id: unknown): Response {
  const found = items.find((item) => item.id === id);
  return found ? HttpResponse.json(found) : problem(404, "/problems/not-found", "Not found");
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

function isLater({ status, reminder }: ConversationDetail): boolean {
  return status === "open" && reminder !== null && !reminder.due;
}
