/** The API in memory of API keys, the audit log and the state of the service. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, page } from "./answers";
import { anId, NOW, TIMES } from "./builders";
import type { WorldState } from "./world-state";
import type { ApiKey } from "@/api/api-keys";

export function administrationHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/service-status`, () => HttpResponse.json(world.serviceStatus)),
    http.get(`${api}/api-keys`, ({ request }) => HttpResponse.json(page(world.apiKeys, new URL(request.url).searchParams, byId))),
    http.post(`${api}/api-keys`, async ({ request }) => {
      const body = (await request.json()) as Pick<ApiKey, "name" | "permissions" | "expires_at" | "ends_with_creator">;
      world.changes.push({ path: "/api-keys", body });
      const created = anApiKey({ ...body, prefix: "mk_abcd" });
      world.apiKeys.push(created);
      return HttpResponse.json({ ...created, key: "mk_abcd_the-whole-secret" }, { status: 201 });
    }),
    http.patch(`${api}/api-keys/:id`, async ({ params, request }) => {
      const found = world.apiKeys.find((apiKey) => apiKey.id === params.id);
      if (!found) return notFound();
      const body = (await request.json()) as Partial<ApiKey>;
      world.changes.push({ path: "/api-keys/:id", body });
      return HttpResponse.json(Object.assign(found, body));
    }),
    http.post(`${api}/api-keys/:id/rotate`, async ({ params, request }) => {
      const found = world.apiKeys.find((apiKey) => apiKey.id === params.id);
      if (!found) return notFound();
      const { old_key_valid_until } = (await request.json()) as { old_key_valid_until: string | null };
      world.changes.push({ path: "/api-keys/:id/rotate", body: { old_key_valid_until } });
      if (old_key_valid_until) found.expires_at = old_key_valid_until;
      else Object.assign(found, { revoked_at: NOW.toISOString(), is_valid: false });
      const created = anApiKey({ name: found.name, permissions: found.permissions, prefix: "mk_new1", replaces_id: found.id });
      world.apiKeys.push(created);
      return HttpResponse.json({ ...created, key: "mk_new1_the-whole-secret" }, { status: 201 });
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
      Object.assign(found, { revoked_at: NOW.toISOString(), is_valid: false });
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}

export function anApiKey(given: Partial<ApiKey> = {}): ApiKey {
  return {
    id: anId(), name: "Class software", prefix: "mk_old1", permissions: [], ...TIMES, created_by: null,
    ends_with_creator: false, replaces_id: null, last_used_at: null, expires_at: null, revoked_at: null, is_valid: true, ...given,
  };
}
