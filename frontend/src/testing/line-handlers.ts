/** The API in memory of lines and providers, and of what has come in and could not be read. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, one, page } from "./answers";
import { aLine, anId, NOW } from "./builders";
import { PROVIDERS } from "./providers";
import type { WorldState } from "./world-state";
import type { Line, NewLine } from "@/api/lines";

export function lineHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/providers`, () => HttpResponse.json(PROVIDERS)),
    http.get(`${api}/lines`, ({ request }) => HttpResponse.json(page(world.lines, new URL(request.url).searchParams, byId, "ascending"))),
    http.post(`${api}/lines`, async ({ request }) => {
      const body = (await request.json()) as NewLine;
      world.changes.push({ path: "/lines", body: { ...body } });
      const { label, phone_number, kind, country, provider } = body;
      const created = aLine({ id: anId(), label, phone_number, kind, country, provider });
      world.lines.push(created);
      return HttpResponse.json(created, { status: 201 });
    }),
    http.patch(`${api}/lines/:id`, async ({ params, request }) => {
      const { credentials, ...plain } = (await request.json()) as Record<string, unknown>;
      world.changes.push({ path: String(params.id), body: { ...plain, ...(credentials !== undefined && { credentials }) } });
      const found = world.lines.find((line) => line.id === params.id);
      if (!found) return notFound();
      const { settings, ...rest } = plain as Partial<Line>;
      // Null is the usual value.
      const usual: Record<string, unknown> = aLine().settings;
      const chosen = Object.fromEntries(Object.entries(settings ?? {}).map(([name, value]) => [name, value ?? usual[name]]));
      return HttpResponse.json(Object.assign(found, rest, { settings: { ...found.settings, ...chosen } }));
    }),
    http.post(`${api}/lines/:id/check`, ({ params }) => {
      const found = world.lines.find((line) => line.id === params.id);
      const answer = world.checks.shift();
      if (!found || !answer) return notFound();
      found.health = { ...answer, at: NOW.toISOString() };
      return HttpResponse.json(found.health);
    }),
    http.get(`${api}/inbound-health`, () => HttpResponse.json({ ...world.inbound, quarantined: world.quarantined.length })),
    http.get(`${api}/inbound-events`, ({ request }) =>
      HttpResponse.json(page(world.quarantined.map((event) => ({ ...event, raw: undefined })), new URL(request.url).searchParams, byId)),
    ),
    http.get(`${api}/inbound-events/:id`, ({ params }) => one(world.quarantined, params.id)),
    http.post(`${api}/inbound-events/:id/replay`, ({ params }) => {
      const event = world.quarantined.find(({ id }) => id === params.id);
      if (!event) return notFound();
      world.quarantined = world.quarantined.filter(({ id }) => id !== params.id);
      return HttpResponse.json({ ...event, raw: undefined, state: "pending" });
    }),
    http.post(`${api}/inbound-replays`, () => {
      const replayed = world.quarantined.splice(0).length;
      return HttpResponse.json({ replayed, remaining: 0 });
    }),
  ];
}
