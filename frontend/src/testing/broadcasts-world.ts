/** The API in memory of mass texts and saved audiences. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, one, page, problem, without } from "./answers";
import { anId, byStaff, NOW } from "./builders";
import type {
  Audience, Broadcast, BroadcastChange, BroadcastDetail, BroadcastPreview, BroadcastRecipient, MassTextSettings, NewAudience, NewBroadcast,
} from "@/api/broadcasts";
import type { Usage } from "@/api/costs";
import type { Me } from "@/api/types";

const AT = NOW.toISOString();

export function aBroadcast(overrides: Partial<BroadcastDetail> = {}): BroadcastDetail {
  return {
    id: anId(), name: "Snow day", body: "Closed for snow.", header: "", footer: "Reply STOP to opt out", fallbacks: {}, media: [], attachments: [],
    audience: { families: { q: null, tag: null, class_id: null, location: null, archived: false }, staff_members: null, numbers: [], external_ids: [], audience_ids: [], contacts: "all" },
    line_id: null, send_at: null, state: "draft", pause_reason: null, any_hour_reason: null, author: byStaff({ id: anId(), name: "Maria Delgado" }), sender: null,
    approvals: [], recipients: 0, left_out: {}, segments: 0, estimate: null, counts: {}, reasons: [], goes_on_at: null, retry_of_broadcast_id: null,
    confirmed_at: null, started_at: null, finished_at: null, created_at: AT, updated_at: AT, ...overrides,
  };
}

/** One that was confirmed for some numbers. */
export function aSentBroadcast(overrides: Partial<BroadcastDetail> = {}): BroadcastDetail {
  return aBroadcast({
    state: "sent", recipients: 42, segments: 42, counts: { delivered: 40, failed: 2, skipped: 3 }, left_out: { opted_out: 3 },
    reasons: [{ state: "skipped", reason: "opted_out", count: 3 }, { state: "failed", reason: "30006", count: 2 }],
    sender: byStaff({ id: anId(), name: "Maria Delgado" }), confirmed_at: AT, started_at: AT, finished_at: AT, ...overrides,
  });
}

export function aPreview(overrides: Partial<BroadcastPreview> = {}): BroadcastPreview {
  return {
    considered: 45, recipients: 42, left_out: [{ reason: "opted_out", count: 2 }, { reason: "no_number", count: 1 }], unknown: [],
    segments: { least: 1, most: 1, total: 42 }, costs: [], without_price: 42,
    examples: [{ phone_number: "+13125550101", name: "Rosa Rivera", text: "Closed for snow.\nReply STOP to opt out", segments: 1, encoding: "GSM-7" }],
    hours: { now: 42, later: 0, opens_at: null, last_opens_at: null },
    lines: [{ line_id: anId(), label: "Front desk", recipients: 42, seconds: 42, later: 0 }], seconds: 42, warnings: [], needs_confirmation: false, missing_approvals: 0,
    ...overrides,
  };
}

export function aBroadcastRecipient(overrides: Partial<BroadcastRecipient> = {}): BroadcastRecipient {
  return {
    id: anId(), phone_number: "+13125550101", name: "Rosa Rivera", record: { kind: "family", id: anId(), name: "Rivera family" }, state: "delivered",
    reason: null, error: null, segments: 1, conversation_id: anId(), message_id: anId(), sent_at: AT, delivered_at: AT, ...overrides,
  };
}

export function anAudience(name: string): Audience {
  const audience: Audience["audience"] = { families: aBroadcast().audience.families, staff_members: null, numbers: [], external_ids: [], contacts: "all" };
  return { id: anId(), name, audience, created_at: AT, updated_at: AT };
}

const aFile = (id: string): BroadcastDetail["attachments"][number] => ({ id, url: `/api/v1/media/${id}/content`, name: "flyer.jpg", content_type: "image/jpeg", size: 1000 });

interface Host {
  me: Me | null;
}

export class BroadcastsWorld {
  broadcasts: BroadcastDetail[] = [];
  audiences: Audience[] = [];
  /** What the next previews answer. */
  preview: BroadcastPreview = aPreview();
  /** What previews outside the hours answer; null: the same. */
  anyHourPreview: BroadcastPreview | null = null;
  recipients: BroadcastRecipient[] = [];
  cost: Usage = { texts: 0, segments: 0, picture_texts: 0, failed: 0, costs: [], by_provider: 0, without_cost: 0 };
  /** Who is left out of a draft. */
  leftOut: Pick<BroadcastRecipient, "phone_number" | "name" | "record" | "reason">[] = [];
  settings: MassTextSettings = { confirm_above: 500, needs_approval: false, header: "", footer: "Reply STOP to opt out", signup: "", hours: null, timezone: "America/Chicago" };
  /** Every change, as it was sent. */
  readonly changes: { path: string; body: unknown }[] = [];
  /** What the next changes answer instead. */
  readonly refusals: (() => Response)[] = [];
  private changed = 0;

  constructor(private readonly host: Host) {}

  handlers(api: string): HttpHandler[] {
    return [
      http.get(`${api}/broadcasts`, ({ request }) => {
        const query = new URL(request.url).searchParams;
        const states = query.getAll("state");
        const fitting = this.broadcasts.filter(({ state }) => states.length === 0 || states.includes(state));
        const { items, next_cursor } = page(fitting, query, ({ created_at, id }) => [created_at, id]);
        return HttpResponse.json({ items: items.map(listed), next_cursor });
      }),
      http.post(`${api}/broadcasts`, ({ request }) => this.take("/broadcasts", request, 201, (body) => this.create(body as NewBroadcast))),
      http.get(`${api}/broadcasts/:id`, ({ params }) => one(this.broadcasts, params.id)),
      http.patch(`${api}/broadcasts/:id`, ({ params, request }) =>
        this.take(`/broadcasts/${String(params.id)}`, request, 200, (body) =>
          this.change(params.id, { ...this.columns(params.id, body as BroadcastChange), state: "draft", confirmed_at: null, approvals: [] }),
        ),
      ),
      http.get(`${api}/broadcasts/:id/preview/left-out`, ({ request }) => {
        const reason = new URL(request.url).searchParams.get("reason");
        return HttpResponse.json({ items: this.leftOut.filter((each) => each.reason === reason), is_whole: true });
      }),
      http.get(`${api}/broadcasts/:id/recipients`, ({ request }) => {
        const query = new URL(request.url).searchParams;
        const fits = ({ state, reason }: BroadcastRecipient) =>
          (!query.get("state") || state === query.get("state")) && (!query.get("reason") || reason === query.get("reason"));
        return HttpResponse.json(page(this.recipients.filter(fits), query, byId, "ascending"));
      }),
      http.get(`${api}/broadcasts/:id/cost`, () => HttpResponse.json(this.cost)),
      http.post(`${api}/broadcasts/:id/:deed`, ({ params, request }) => this.deed(String(params.id), String(params.deed), request)),
      http.get(`${api}/audiences/:id`, ({ params }) => one(this.audiences, params.id)),
      http.get(`${api}/audiences`, ({ request }) => HttpResponse.json(page(this.audiences, new URL(request.url).searchParams, ({ name, id }) => [name, id], "ascending"))),
      http.post(`${api}/audiences`, ({ request }) => this.take("/audiences", request, 201, (body) => this.addAudience(body as NewAudience))),
      http.patch(`${api}/audiences/:id`, ({ params, request }) =>
        this.take(`/audiences/${String(params.id)}`, request, 200, (body) => {
          this.audiences = this.audiences.map((each) => (each.id === params.id ? { ...each, ...(body as Pick<Audience, "name">) } : each));
          return this.audiences.find(({ id }) => id === params.id);
        }),
      ),
      http.delete(`${api}/audiences/:id`, ({ params }) => {
        this.audiences = this.audiences.filter(({ id }) => id !== params.id);
        return new HttpResponse(null, { status: 204 });
      }),
      http.get(`${api}/organization/mass-text`, () => HttpResponse.json(this.settings)),
      http.patch(`${api}/organization/mass-text`, ({ request }) =>
        this.take("/organization/mass-text", request, 200, (body) => (this.settings = { ...this.settings, ...(body as Partial<MassTextSettings>) })),
      ),
    ];
  }

  change(id: unknown, changed: Partial<BroadcastDetail>): BroadcastDetail | undefined {
    this.changed += 1;
    const updated_at = new Date(NOW.getTime() + this.changed * 1_000).toISOString();
    this.broadcasts = this.broadcasts.map((each) => (each.id === id ? { ...each, ...changed, updated_at } : each));
    return this.broadcasts.find((each) => each.id === id);
  }

  private columns(id: unknown, { attachments, ...body }: BroadcastChange): Partial<BroadcastDetail> {
    const had = this.broadcasts.find((each) => each.id === id)?.attachments ?? [];
    return { ...(body as Partial<BroadcastDetail>), ...(attachments && { attachments: attachments.map((each) => had.find((file) => file.id === each) ?? aFile(each)) }) };
  }

  private create({ name, body, audience, fallbacks = {}, send_at = null, line_id = null, header, footer, attachments = [] }: NewBroadcast): BroadcastDetail {
    const whole = { ...aBroadcast().audience, families: null, ...audience } as BroadcastDetail["audience"];
    const made = aBroadcast({
      name, body, fallbacks, send_at, line_id, audience: whole, header: header ?? this.settings.header, footer: footer ?? this.settings.footer,
      attachments: attachments.map(aFile),
    });
    this.broadcasts.push(made);
    return made;
  }

  private addAudience({ name, audience, id }: NewAudience): Audience {
    const whole = { families: null, staff_members: null, numbers: [], external_ids: [], contacts: "all", ...audience } as Audience["audience"];
    const made: Audience = { id: id ?? anId(), name, audience: whole, created_at: AT, updated_at: AT };
    this.audiences.push(made);
    return made;
  }

  private async deed(id: string, deed: string, request: Request): Promise<Response> {
    const found = this.broadcasts.find((each) => each.id === id);
    if (!found) return notFound();
    const isAnyHour = new URL(request.url).searchParams.get("any_hour") === "true";
    if (deed === "preview") return HttpResponse.json((isAnyHour && this.anyHourPreview) || this.preview);
    if (deed === "retry") {
      const again = aBroadcast({ name: `${found.name} (again)`, body: found.body, retry_of_broadcast_id: id });
      this.broadcasts.push(again);
      return HttpResponse.json(again, { status: 201 });
    }
    return this.take(`/broadcasts/${id}/${deed}`, request, 200, () => this.change(id, this.after(found, deed)));
  }

  private after({ send_at, approvals }: Broadcast, deed: string): Partial<BroadcastDetail> {
    const { recipients, considered } = this.preview;
    const me = { id: this.host.me?.staff_member?.id ?? anId(), name: this.host.me?.staff_member?.name ?? "" };
    switch (deed) {
      case "send":
        return {
          state: send_at ? "scheduled" : "sending", recipients, segments: recipients, counts: { waiting: recipients, skipped: considered - recipients },
          confirmed_at: AT, started_at: send_at ? null : AT, sender: byStaff(me),
        };
      case "pause":
        return { state: "paused", pause_reason: "person" };
      case "resume":
        return { state: "sending", pause_reason: null };
      case "cancel":
        return { state: "cancelled", pause_reason: null, finished_at: AT };
      default:
        return { approvals: [...approvals, { ...me, at: AT }] };
    }
  }

  private async take(path: string, request: Request, status: number, act: (body: unknown) => unknown): Promise<Response> {
    const text = await request.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    this.changes.push({ path, body });
    const refuse = this.refusals.shift();
    return refuse ? refuse() : HttpResponse.json(act(body) as object, { status });
  }
}

/** As the list shows it. */
function listed(broadcast: BroadcastDetail): Broadcast {
  return without(broadcast, "reasons", "goes_on_at");
}

export const confirmationRequired = (recipients: number): Response =>
  problem(409, "/problems/confirmation-required", "Confirm the number of recipients", {
    detail: `You confirmed another number of recipients, and now there are ${recipients}. Look at it again.`, recipients,
  });
