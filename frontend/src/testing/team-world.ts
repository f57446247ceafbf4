/** The API in memory of assignment, reminders, typing, scheduled texts and the settings of the business. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { anId, NOW } from "./builders";
import type { Credits } from "@/api/costs";
import type { Away, OrganizationSettings } from "@/api/organization";
import type { ConversationDetail, Me, Person, ScheduledText, StaffMember } from "@/api/types";

/** What it needs of the whole. */
interface Host {
  me: Me | null;
  staff: StaffMember[];
  readonly notes: { scheduled: ScheduledText[] };
  change: (id: unknown, fields: Partial<ConversationDetail>) => ConversationDetail | undefined;
}

interface Scheduling {
  body: string;
  send_at: string;
  only_if_nothing_new: boolean;
}

type Refuse = () => Response;

export class TeamWorld {
  settings: OrganizationSettings = { replying_assigns: false };
  credits: Credits = { is_on: false, currency: null, balance: null, low_below: null, standing: null, low_since: null };
  away: Away = { enabled: false, body: "", hours: {}, timezone: "America/Chicago", is_open: false, opens_at: null };
  /** Conversations in which somebody wrote. */
  readonly typing: string[] = [];
  /** Every other change, as it was sent. */
  readonly changes: { path: string; body: unknown }[] = [];
  /** What the next changes answer instead. */
  readonly refusals: Refuse[] = [];

  constructor(private readonly host: Host) {}

  handlers(api: string): HttpHandler[] {
    return [
      http.put(`${api}/conversations/:id/assignee`, ({ params, request }) =>
        this.take(request, "assignee", (body: { staff_member_id: string | null }) => this.host.change(params.id, { assignee: this.person(body.staff_member_id) })),
      ),
      http.put(`${api}/conversations/:id/reminder`, ({ params, request }) =>
        this.take(request, "reminder", ({ at, unless_answered }: { at: string; unless_answered: boolean }) =>
          this.host.change(params.id, { status: "open", reminder: { at, unless_answered, set_by: this.me(), due: false } }),
        ),
      ),
      http.delete(`${api}/conversations/:id/reminder`, ({ params }) => HttpResponse.json(this.host.change(params.id, { reminder: null }))),
      http.post(`${api}/conversations/:id/typing`, ({ params }) => {
        this.typing.push(String(params.id));
        return new HttpResponse(null, { status: 204 });
      }),
      http.get(`${api}/conversations/:id/scheduled`, ({ params }) =>
        HttpResponse.json({ items: this.host.notes.scheduled.filter((text) => text.conversation_id === params.id) }),
      ),
      http.get(`${api}/organization/settings`, () => HttpResponse.json(this.settings)),
      http.patch(`${api}/organization/settings`, ({ request }) =>
        this.take(request, "settings", (body: Partial<OrganizationSettings>) => (this.settings = { ...this.settings, ...body })),
      ),
      http.get(`${api}/credits`, () => HttpResponse.json(this.credits)),
      http.get(`${api}/organization/away`, () => HttpResponse.json(this.away)),
      http.put(`${api}/organization/away`, ({ request }) => this.take(request, "away", (body: Partial<Away>) => (this.away = { ...this.away, ...body }))),
    ];
  }

  /** LATER: what `POST …/messages` answers to `send_at`. */
  schedule(conversationId: string, { body, send_at, only_if_nothing_new }: Scheduling): Response {
    const text: ScheduledText = {
      id: anId(), conversation_id: conversationId, body, send_at, only_if_nothing_new, close: false, media_urls: [], files: [], status: "scheduled", held: null,
      has_new: false, will_be_held_back: false, seen_seq: 1, scheduled_by: { kind: "staff_member", ...(this.me() ?? { id: anId(), name: "" }) },
      metadata: {}, created_at: NOW.toISOString(), updated_at: NOW.toISOString(),
    };
    this.host.notes.scheduled.push(text);
    this.host.change(conversationId, { scheduled_at: send_at });
    return HttpResponse.json(text, { status: 201 });
  }

  private async take(request: Request, path: string, change: (body: never) => unknown): Promise<Response> {
    const body = (await request.json()) as never;
    this.changes.push({ path, body });
    const refuse = this.refusals.shift();
    return refuse ? refuse() : HttpResponse.json(change(body) as object);
  }

  private me(): Person | null {
    const me = this.host.me?.staff_member;
    return me ? { id: me.id, name: me.name } : null;
  }

  private person(id: string | null): Person | null {
    const known = [this.me(), ...this.host.staff].find((each) => each?.id === id);
    return known ? { id: known.id, name: known.name } : null;
  }
}
