/** The API in memory of the signed-in person, their sessions and password. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { byId, notFound, page } from "./answers";
import type { WorldState } from "./world-state";
import type { Session } from "@/api/account";

export function accountHandlers(world: WorldState, api: string): HttpHandler[] {
  const endSessions = (isEnded: (session: Session) => boolean): number => {
    const before = world.sessions.length;
    world.sessions = world.sessions.filter((session) => !isEnded(session));
    return before - world.sessions.length;
  };
  return [
    http.get(`${api}/me`, () => HttpResponse.json(world.me)),
    http.delete(`${api}/session`, () => {
      world.me = null;
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${api}/me/sessions`, ({ request }) => HttpResponse.json(page(world.sessions, new URL(request.url).searchParams, byId))),
    http.delete(`${api}/me/sessions`, () => HttpResponse.json({ ended: endSessions((session) => !session.is_current) })),
    http.delete(`${api}/me/sessions/:id`, ({ params }) =>
      endSessions((session) => session.id === params.id) > 0 ? new HttpResponse(null, { status: 204 }) : notFound(),
    ),
    http.put(`${api}/me/password`, async ({ request }) => {
      world.changes.push({ path: "/me/password", body: (await request.json()) as Record<string, unknown> });
      return HttpResponse.json({ ended: endSessions((session) => !session.is_current) });
    }),
    http.delete(`${api}/staff-members/:id/sessions`, ({ params }) => {
      world.changes.push({ path: `${String(params.id)}/sessions`, body: {} });
      return HttpResponse.json({ ended: 1 });
    }),
  ];
}
