/** The API in memory of exports. A test moves a job on, and tells it by an event. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, page } from "./answers";
import { anId, NOW } from "./builders";
import type { WorldState } from "./world-state";
import type { ExportJob, NewExport } from "@/api/exports";

export function exportsHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/exports`, ({ request }) => HttpResponse.json(page(world.exports, new URL(request.url).searchParams, byId))),
    http.post(`${api}/exports`, async ({ request }) => {
      const body = (await request.json()) as NewExport;
      world.changes.push({ path: "/exports", body });
      const job = anExport({ ...body, state: "queued", progress: { done: 0, total: null }, size: null, sha256: null, expires_at: null, finished_at: null });
      world.exports.unshift(job);
      return HttpResponse.json(job, { status: 201 });
    }),
    http.get(`${api}/exports/:id`, ({ params }) => {
      const found = world.exports.find(({ id }) => id === params.id);
      return found ? HttpResponse.json(found) : notFound();
    }),
    http.delete(`${api}/exports/:id`, ({ params }) => {
      const found = world.exports.find(({ id }) => id === params.id);
      if (!found) return notFound();
      return HttpResponse.json(Object.assign(found, { state: "expired", error: "Its file was deleted." }));
    }),
  ];
}

export function anExport(given: Partial<ExportJob> = {}): ExportJob {
  return {
    id: anId(), kind: "range", format: "csv", conversation_id: null, phone_number: null, from: "2026-11-01T06:00:00Z", to: "2026-11-08T06:00:00Z",
    line_id: null, state: "done", progress: { done: 120, total: 120 }, size: 52_000, sha256: "00".repeat(32), error: null,
    created_by: { kind: "staff_member", id: anId(), name: "Ada Novak" }, created_at: NOW.toISOString(), finished_at: NOW.toISOString(),
    expires_at: new Date(NOW.getTime() + 7 * 86_400_000).toISOString(), ...given,
  };
}
