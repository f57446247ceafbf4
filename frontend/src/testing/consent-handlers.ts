/** The API in memory of consent: opt-in states, refusals, erasure of a number. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { notFound, without } from "./answers";
import { anId, NOW } from "./builders";
import type { WorldState } from "./world-state";
import type { OptInCheck, OptInInstance } from "@/api/types";

export function consentHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.put(`${api}/phone-records/:id/opt-in`, async ({ params, request }) => {
      const change = (await request.json()) as Record<string, unknown>;
      world.optIns.push({ id: String(params.id), change });
      const opt_in = { state: change.state, source: change.source, changed_at: NOW.toISOString(), changed_by: world.actor() };
      for (const conversation of world.conversations) {
        const { opt_in_check } = conversation;
        const instance = opt_in_check.instances.find((each) => each.phone_record_id === params.id);
        if (!instance) continue;
        Object.assign(instance, opt_in, { blocks: change.state !== "opted_in" });
        Object.assign(opt_in_check, verdict(opt_in_check.stopped_at, opt_in_check.instances));
        world.announceRow(conversation);
      }
      const record = phoneRecords(world).find((each) => each.record.id === params.id)?.record;
      if (record) Object.assign(record, { opt_in });
      if (Array.isArray(change.replaces_refusals)) lift(world, change.replaces_refusals);
      const times = { created_at: NOW.toISOString(), updated_at: NOW.toISOString() };
      return HttpResponse.json({ ...(record ?? { id: params.id, phone_number: "+13125550101", label: null, opt_in, ...times }), refusals: [] });
    }),
    http.get(`${api}/phone-numbers/:number`, ({ params }) => {
      const phone_number = String(params.number);
      const refusals = refusalsOf(world, phone_number).map(refusalOf);
      return HttpResponse.json({ phone_number, stopped_at: null, consent: check(world, phone_number), records: [], refusals, conversations: [] });
    }),
    http.post(`${api}/phone-numbers/:number/refusals/:id/lift`, async ({ params, request }) => {
      world.lifts.push({ id: String(params.id), body: (await request.json()) as Record<string, unknown> });
      const known = [...world.refusals.map(({ instance }) => instance), ...world.conversations.flatMap(({ opt_in_check }) => opt_in_check.instances)];
      const refusal = known.find(({ refusal_id }) => refusal_id === params.id);
      if (!refusal) return notFound();
      lift(world, [params.id]);
      return HttpResponse.json({ ...refusalOf(refusal), lifted_at: NOW.toISOString(), lifted_by: world.actor() });
    }),
    http.post(`${api}/phone-numbers/:number/erase`, async ({ params, request }) => {
      world.changes.push({ path: `/phone-numbers/${String(params.number)}/erase`, body: (await request.json()) as Record<string, unknown> });
      const counts = {
        conversations: 1, cancelled: 0, texts: 2, notes: 0, files: 0, raw_events: 2, audit_entries: 3, answers: 0, import_rows: 0,
        phone_records: 1, staff_records: 0, contacts: 1, families: 1, refusals_kept: 1,
      };
      for (const each of world.conversations.values()) {
        if (each.phone_number === params.number) Object.assign(each, { phone_number: `erased:${anId()}`, holders: [] });
      }
      const requested_by = { kind: "staff_member", id: anId(), name: "Ada" };
      return HttpResponse.json({
        id: anId(), state: "done", stage: "done", counts, requested_by, reason: "", created_at: NOW.toISOString(), finished_at: NOW.toISOString(),
      });
    }),
    http.post(`${api}/opt-in-checks`, async ({ request }) => {
      const { phone_numbers } = (await request.json()) as { phone_numbers: string[] };
      return HttpResponse.json({ items: phone_numbers.map((number) => ({ ...check(world, number), error: null })) });
    }),
  ];
}

function phoneRecords(world: WorldState) {
  return [
    ...world.families.flatMap((family) =>
      family.contacts.flatMap((contact) =>
        contact.phone_records.map((record) => ({ kind: "family" as const, owner: family, contact: contact.name, record })),
      ),
    ),
    ...world.staff.flatMap((owner) =>
      owner.phone_records.map((record) => ({ kind: "staff_member" as const, owner, contact: null, record })),
    ),
  ];
}

function refusalsOf(world: WorldState, phone_number: string): OptInInstance[] {
  return world.refusals.filter((refusal) => refusal.phone_number === phone_number).map(({ instance }) => instance);
}

/** A refusal as the number's page shows it. */
function refusalOf(instance: OptInInstance) {
  const refusal = without(instance, "refusal_id", "state", "phone_record_id", "phone_number", "blocks", "archived");
  return { ...refusal, id: instance.refusal_id, lifted_at: null, lifted_by: null, lift_reason: null, replaced_by: null };
}

function lift(world: WorldState, refusalIds: unknown[]): void {
  world.refusals = world.refusals.filter(({ instance }) => !refusalIds.includes(instance.refusal_id));
  for (const { opt_in_check } of world.conversations) {
    opt_in_check.instances = opt_in_check.instances.filter(({ refusal_id }) => refusal_id === null || !refusalIds.includes(refusal_id));
    Object.assign(opt_in_check, verdict(opt_in_check.stopped_at, opt_in_check.instances));
  }
}

function check(world: WorldState, phone_number: string): OptInCheck {
  const records: OptInInstance[] = phoneRecords(world)
    .filter(({ record }) => record.phone_number === phone_number)
    .map(({ kind, owner, contact, record }) => ({
      phone_record_id: record.id, kind, owner_id: owner.id, owner_name: owner.name, contact_name: contact,
      ...record.opt_in, archived: owner.archived, blocks: record.opt_in.state !== "opted_in",
      refusal_id: null, removed: null, removed_at: null, removed_by: null, phone_number: null,
    }));
  const instances = [...records, ...refusalsOf(world, phone_number)];
  const stopped_at = world.stops.get(phone_number) ?? null;
  return { phone_number, note: null, stopped_at, stopped_as: null, instances, ...verdict(stopped_at, instances) };
}

/** OPTIN-ALL, as far as a page can tell: one record that is not opted in blocks the number. */
function verdict(stoppedAt: string | null, instances: OptInCheck["instances"]): Pick<OptInCheck, "allowed" | "reason"> {
  if (stoppedAt !== null) return { allowed: false, reason: "stopped" };
  const blocking = instances.filter((instance) => instance.blocks);
  if (blocking.some((instance) => instance.state === "opted_out")) return { allowed: false, reason: "opted_out" };
  if (blocking.length > 0) return { allowed: false, reason: "not_opted_in" };
  return instances.length > 0 ? { allowed: true, reason: "allowed" } : { allowed: false, reason: "no_record" };
}
