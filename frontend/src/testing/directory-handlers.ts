/** The API in memory of families and staff. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { notFound, one, page, without } from "./answers";
import { anId, TIMES } from "./builders";
import type { WorldState } from "./world-state";

export function directoryHandlers(world: WorldState, api: string): HttpHandler[] {
  return [
    http.get(`${api}/families`, ({ request }) => HttpResponse.json(directoryPage(world.families, request))),
    http.get(`${api}/families/:id`, ({ params }) => one(world.families, params.id)),
    http.get(`${api}/staff-members`, ({ request }) => {
      const archived = new URL(request.url).searchParams.get("archived") === "true";
      return HttpResponse.json(directoryPage(world.staff.filter((member) => member.archived === archived), request));
    }),
    http.get(`${api}/staff-members/:id`, ({ params }) => one(world.staff, params.id)),
    http.post(`${api}/staff-members`, async ({ request }) => create(world, world.staff, "/staff-members", request, { email: null, phone_records: [] })),
    http.patch(`${api}/staff-members/:id`, async ({ params, request }) => patch(world, world.staff, params.id, request)),
    http.post(`${api}/families`, async ({ request }) => create(world, world.families, "/families", request, { contacts: [], students: [] })),
    http.patch(`${api}/families/:id`, async ({ params, request }) => patch(world, world.families, params.id, request)),
  ];
}

/** Creates or changes a record as its body says; what the API works out from it is the API's own tests' to prove. */
async function create(world: WorldState, records: { id: string }[], path: string, request: Request, own: Record<string, unknown>): Promise<Response> {
  const body = (await request.json()) as Record<string, unknown>;
  world.changes.push({ path, body });
  const created = { id: anId(), external_id: null, archived: false, tags: [], location: null, notes: null, metadata: {}, ...TIMES, ...own, ...without(body, "password") };
  records.push(created);
  return HttpResponse.json(created, { status: 201 });
}

async function patch(world: WorldState, records: { id: string }[], id: unknown, request: Request): Promise<Response> {
  const body = (await request.json()) as Record<string, unknown>;
  const found = records.find((record) => record.id === id);
  if (!found) return notFound();
  world.changes.push({ path: String(id), body });
  const plain = Object.entries(body).filter(([field]) => !["contacts", "phone_records", "students"].includes(field));
  Object.assign(found, Object.fromEntries(plain));
  return HttpResponse.json(found);
}

function directoryPage<Item extends { name: string; id: string }>(items: Item[], request: Request) {
  const query = new URL(request.url).searchParams;
  const q = query.get("q")?.toLowerCase() ?? "";
  const tag = query.get("tag");
  const classId = query.get("class_id");
  const location = query.get("location");
  const found = items
    .filter((item) => JSON.stringify(item).toLowerCase().includes(q))
    .filter((item) => !tag || ("tags" in item && (item.tags as string[]).includes(tag)))
    .filter((item) => !classId || JSON.stringify(item).includes(classId))
    .filter((item) => !location || ("location" in item && item.location === location));
  return page(found, query, ({ name, id }) => [name, id], "ascending");
}
