/** The API in memory of webhook endpoints and their deliveries. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, page } from "./answers";
import { anId, NOW } from "./builders";
import type { WorldState } from "./world-state";
import type { NewWebhookEndpoint, WebhookDelivery, WebhookEndpoint, WebhookEndpointChange } from "@/api/webhook-endpoints";

const PATH = "/webhook-endpoints";

export function webhooksHandlers(world: WorldState, api: string): HttpHandler[] {
  const one = `${api}${PATH}/:id`;
  const found = (id: unknown) => world.webhookEndpoints.find((each) => each.id === id);
  const deliveries = (id: unknown) => world.webhookDeliveries.get(String(id)) ?? [];
  return [
    http.get(`${api}${PATH}`, ({ request }) => HttpResponse.json(page(world.webhookEndpoints, new URL(request.url).searchParams, byId))),
    http.post(`${api}${PATH}`, async ({ request }) => {
      const body = (await request.json()) as NewWebhookEndpoint;
      world.changes.push({ path: PATH, body });
      const made = aWebhookEndpoint(body);
      world.webhookEndpoints.push(made);
      return HttpResponse.json({ ...made, secret: "whsec_the-whole-secret" }, { status: 201 });
    }),
    http.patch(one, async ({ params, request }) => {
      const endpoint = found(params.id);
      if (!endpoint) return notFound();
      const body = (await request.json()) as WebhookEndpointChange;
      world.changes.push({ path: `${PATH}/:id`, body });
      Object.assign(endpoint, body, body.enabled ? { disabled_reason: null, disabled_at: null, failing_since: null } : {});
      return HttpResponse.json(endpoint);
    }),
    http.delete(one, ({ params }) => {
      if (!found(params.id)) return notFound();
      world.webhookEndpoints = world.webhookEndpoints.filter((each) => each.id !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
    http.post(`${one}/rotate`, async ({ params, request }) => {
      const endpoint = found(params.id);
      if (!endpoint) return notFound();
      world.changes.push({ path: `${PATH}/:id/rotate`, body: (await request.json()) as Record<string, unknown> });
      return HttpResponse.json({ ...endpoint, secret: "whsec_the-new-secret" });
    }),
    http.post(`${one}/test`, ({ params }) => {
      if (!found(params.id)) return notFound();
      const started = aWebhookDelivery({ event_type: "webhook_endpoint.test", state: "pending", attempts: [], finished_at: null, next_attempt_at: NOW.toISOString() });
      const ended: WebhookDelivery = { ...started, state: world.webhookTest.error ? "failed" : "delivered", attempts: [world.webhookTest], next_attempt_at: null, finished_at: NOW.toISOString() };
      world.webhookDeliveries.set(String(params.id), [...deliveries(params.id), ended]);
      return HttpResponse.json(started, { status: 202 });
    }),
    http.get(`${one}/deliveries`, ({ params, request }) => {
      const query = new URL(request.url).searchParams;
      const shown = deliveries(params.id).filter(({ state }) => (query.get("state") ?? state) === state);
      return HttpResponse.json(page(shown, query, byId));
    }),
    http.get(`${one}/deliveries/:delivery`, ({ params }) => {
      const delivery = deliveries(params.id).find(({ id }) => id === params.delivery);
      return delivery ? HttpResponse.json(delivery) : notFound();
    }),
    http.post(`${one}/deliveries/:delivery/replay`, ({ params }) => {
      const delivery = deliveries(params.id).find(({ id }) => id === params.delivery);
      if (!delivery) return notFound();
      world.changes.push({ path: `${PATH}/:id/deliveries/:id/replay`, body: {} });
      Object.assign(delivery, { state: "pending", finished_at: null, next_attempt_at: NOW.toISOString() });
      return HttpResponse.json(delivery, { status: 202 });
    }),
  ];
}

export function aWebhookEndpoint(given: Partial<WebhookEndpoint> = {}): WebhookEndpoint {
  return {
    id: anId(), url: "https://crm.example/hooks", description: "", event_types: [], enabled: true, disabled_reason: null, disabled_at: null,
    failing_since: null, last_delivered_at: null, pending_deliveries: 0, previous_secret_until: null, created_at: NOW.toISOString(),
    updated_at: NOW.toISOString(), ...given,
  };
}

export function aWebhookDelivery(given: Partial<WebhookDelivery> = {}): WebhookDelivery {
  return {
    id: anId(), event_id: anId(), event_type: "message.received", state: "delivered", next_attempt_at: null, created_at: NOW.toISOString(),
    finished_at: NOW.toISOString(), attempts: [{ at: NOW.toISOString(), status: 204, duration_ms: 42, error: null, response_excerpt: "" }], ...given,
  };
}
