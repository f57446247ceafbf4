/** The API in memory of API keys, the audit log and the state of the service. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, page } from "./answers";
import { anId, NOW } from "./builders";
import type { WorldState } from "./world-state";
import type { ApiKey } from "@/api/api-keys";

export function administrationHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/service-status`, () => HttpResponse.json(world.serviceStatus)),
    http.get(`${api}/api-keys`, ({ request }) => HttpResponse.json(page(world.apiKeys, new URL(request.url).searchParams, byId))),
    http.post(`${api}/api-keys`, async ({ request }) => {
      const body = (await request.json()) as Pick<ApiKey, "name" | "permissions" | "expires_at">;
      world.changes.push({ path: "/api-keys", body });
      const created = { ...body, id: anId(), prefix: "mk_abcd", created_at: NOW.toISOString(), last_used_at: null, revoked_at: null };
      world.apiKeys.push(created);
      return HttpResponse.json({ ...created, key: "mk_abcd_the-whole-secret" }, { status: 201 });
    }),
    http.get(`${api}/audit-entries`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      const found = world.entries.filter(({ action, actor, at }) => {
        const [from, to] = [query.get("from"), query.get("to")];
        return (
          (query.get("action") ?? action) === action &&
          (query.get("actor_id") ?? actor.id) === actor.id &&
          (!from || at >= from) &&
          (!to || at < to)
        );
      });
      return HttpResponse.json(page(found, query, ({ at, id }) => [at, id]));
    }),
    http.get(`${api}/audit-entries/verification`, () =>
      HttpResponse.json({ whole: true, entries: world.entries.length, erased: 0, broken: null }),
    ),
    http.delete(`${api}/api-keys/:id`, ({ params }) => {
      const found = world.apiKeys.find((apiKey) => apiKey.id === params.id);
      if (!found) return notFound();
      found.revoked_at = NOW.toISOString();
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
