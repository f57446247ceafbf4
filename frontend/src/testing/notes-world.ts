/** The part of the API in memory that tests of threads need: the thread itself, notes, mentions and scheduled texts. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { page } from "./answers";
import { anId, NOW, TIMES } from "./builders";
import { FakeEventSource } from "./fake-event-source";
import type { AuditEntry, Mention, Message, Note, NoteDetail, ScheduledText, ThreadItem } from "@/api/types";

type Person = { kind: "staff_member"; id: string; name: string } | null;

type Unplaced =
  | { kind: "audit_entry"; audit_entry: AuditEntry }
  | { kind: "note"; note: Note }
  | { kind: "scheduled_text"; scheduled_text: ScheduledText };

const digits = (value: number, width: number) => String(value).padStart(width, "0");
/** As the API's: the entry says how the conversation stood for a message, or what the message did. */
const BEFORE_ITS_MESSAGE = new Set(["conversation.opened", "conversation.unread"]);

export function itemsOf(messages: readonly Message[], others: readonly Unplaced[]): ThreadItem[] {
  const position = (seq: number, time: number, number = 0) => `${digits(seq, 10)}-${digits(Math.floor(time / 1000), 12)}-${digits((time % 1000) * 1e6 + number, 17)}`;
  const place = (at: string, isBefore: boolean, number?: number) => {
    const time = Date.parse(at);
    const anchor = messages.findLast((message) => Date.parse(message.created_at) < time || (!isBefore && message.created_at === at));
    return position(anchor?.seq ?? 0, time, number);
  };
  const items: ThreadItem[] = messages.map((message) => ({ kind: "message", position: position(message.seq, 0), message }));
  for (const other of others) {
    if (other.kind === "note") items.push({ ...other, position: `${place(other.note.created_at, false)}-${other.note.id.replaceAll("-", "")}` });
    else if (other.kind === "scheduled_text") items.push({ ...other, position: position(9999999999, Date.parse(other.scheduled_text.send_at)) });
    else if (other.audit_entry.action !== "message.sent" && other.audit_entry.action !== "conversation.viewed") {
      const { at, action, chain } = other.audit_entry;
      items.push({ ...other, position: place(at, BEFORE_ITS_MESSAGE.has(action), chain.number) });
    }
  }
  return items.sort((a, b) => (a.position < b.position ? -1 : 1));
}

export function itemPage(items: readonly ThreadItem[], query: URLSearchParams) {
  const limit = Number(query.get("limit") ?? 50);
  const [before, after, around] = [query.get("before"), query.get("after"), query.get("around")];
  let start = Math.max(0, items.length - limit);
  let end = items.length;
  if (before !== null) {
    end = items.filter((item) => item.position < before).length;
    start = Math.max(0, end - limit);
  } else if (after !== null) start = items.filter((item) => item.position <= after).length;
  else if (around !== null) {
    const at = items.findIndex((item) => (item.kind === "message" ? String(item.message.seq) === around : item.kind === "note" && item.note.id === around));
    start = Math.max(0, at - Math.floor(limit / 2));
  }
  end = Math.min(end, start + limit);
  return { items: items.slice(start, end), next_cursor: null, has_before: start > 0, has_after: end < items.length };
}

export function aNote(overrides: Partial<Note> = {}): Note {
  return {
    id: anId(), conversation_id: anId(), body: "Ask Daniel", author: { kind: "staff_member", id: anId(), name: "Daniel Kim" }, mentions: [],
    ...TIMES, created_at: NOW.toISOString(), edited_at: null, edits: 0, removed: null, erased_at: null, ...overrides,
  };
}

export function aScheduledText(overrides: Partial<ScheduledText> = {}): ScheduledText {
  return {
    id: anId(), conversation_id: anId(), status: "scheduled", body: "See you at 9", media_urls: [], files: [], send_at: new Date(Date.now() + 7_200_000).toISOString(),
    only_if_nothing_new: true, close: false, seen_seq: 1_000, has_new: false, will_be_held_back: false, held: null,
    scheduled_by: { kind: "staff_member", id: anId(), name: "Daniel Kim" }, metadata: {}, created_at: NOW.toISOString(), updated_at: NOW.toISOString(), ...overrides,
  };
}

export class NotesWorld {
  notes: Note[] = [];
  scheduled: ScheduledText[] = [];
  mentions: Mention[] = [];
  /** What removed notes said. */
  readonly removed = new Map<string, Partial<Note>>();
  readonly wordings = new Map<string, NoteDetail["versions"]>();

  constructor(private readonly actor: () => Person) {}

  /** What the API sends of an entry that has changed, given the whole thread's items. */
  tell(note: Note, messages: readonly Message[]): void {
    const entry = itemsOf(messages, [{ kind: "note", note }]).find(({ kind }) => kind === "note");
    FakeEventSource.tell("thread_entry", { conversation_id: note.conversation_id, kind: "note", entry_id: note.id, entry });
  }

  handlers(api: string): HttpHandler[] {
    const note = (id: unknown) => this.notes.find((each) => each.id === id);
    const change = (id: unknown, fields: Partial<Note>) => {
      this.notes = this.notes.map((each) => (each.id === id ? { ...each, ...fields } : each));
      return HttpResponse.json(note(id));
    };
    return [
      http.post(`${api}/conversations/:id/notes`, async ({ params, request }) => {
        const { body } = (await request.json()) as { body: string };
        const added = aNote({ conversation_id: String(params.id), body, created_at: new Date().toISOString(), ...named(this.actor()) });
        this.notes.push(added);
        return HttpResponse.json(added, { status: 201 });
      }),
      http.get(`${api}/notes/:id`, ({ params }) => HttpResponse.json({ ...note(params.id), versions: this.wordings.get(String(params.id)) ?? [] })),
      http.patch(`${api}/notes/:id`, async ({ params, request }) => {
        const { body } = (await request.json()) as { body: string };
        const before = note(params.id);
        const version = { body: before?.body ?? "", written_at: NOW.toISOString(), replaced_at: NOW.toISOString() };
        this.wordings.set(String(params.id), [...(this.wordings.get(String(params.id)) ?? []), version]);
        return change(params.id, { body, edits: (before?.edits ?? 0) + 1, edited_at: new Date().toISOString() });
      }),
      http.post(`${api}/notes/:id/restore`, ({ params }) => change(params.id, { ...this.removed.get(String(params.id)), removed: null })),
      http.delete(`${api}/notes/:id`, ({ params }) => {
        const { body = "", mentions = [] } = note(params.id) ?? {};
        this.removed.set(String(params.id), { body, mentions });
        const removed = { at: new Date().toISOString(), by: { kind: "staff_member" as const, id: anId(), name: this.actor()?.name ?? "" } };
        return change(params.id, { body: "", mentions: [], removed });
      }),
      http.get(`${api}/mentions/count`, () => HttpResponse.json({ unread: this.unread() })),
      http.get(`${api}/mentions`, ({ request }) => HttpResponse.json(page(this.mentions, new URL(request.url).searchParams, ({ created_at, id }) => [created_at, id]))),
      http.post(`${api}/mentions/read`, async ({ request }) => {
        const { conversation_id, mention_ids = [] } = (await request.json()) as { conversation_id?: string; mention_ids?: string[] };
        this.mentions = this.mentions.map((each) =>
          each.note.conversation_id === conversation_id || mention_ids.includes(each.id) ? { ...each, read_at: NOW.toISOString() } : each,
        );
        return HttpResponse.json({ unread: this.unread() });
      }),
      http.delete(`${api}/messages/:id`, ({ params }) => {
        this.scheduled = this.scheduled.filter((each) => each.id !== params.id);
        return new HttpResponse(null, { status: 204 });
      }),
      http.patch(`${api}/messages/:id`, async ({ params, request }) => {
        const fields = (await request.json()) as Partial<ScheduledText>;
        this.scheduled = this.scheduled.map((each) => (each.id === params.id ? { ...each, ...fields } : each));
        return HttpResponse.json(this.scheduled.find((each) => each.id === params.id));
      }),
    ];
  }

  private unread(): number {
    return this.mentions.filter((each) => each.read_at === null).length;
  }
}

function named(author: Person): Partial<Note> {
  return author ? { author } : {};
}
