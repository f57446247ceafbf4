/** The API in memory of saved replies, classes, tags, links and contexts. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { notFound, one, page, without } from "./answers";
import { anId, NOW, TIMES } from "./builders";
import type { LinkTemplate } from "@/api/organization-links";
import type { ConversationContext, FilledReply, ListedClass, RecordLocation, RecordTag, SavedReply, StudentClass } from "@/api/types";

export function aSavedReply(overrides: Partial<SavedReply> = {}): SavedReply {
  return { id: anId(), title: "Hours", body: "We open at 3.", scope: "organization", uses: 0, ...TIMES, updated_at: NOW.toISOString(), ...overrides };
}

export function aClass(overrides: Partial<ListedClass> = {}): ListedClass {
  return {
    id: anId(), name: "Level 3", weekdays: ["tuesday"], time: "17:30", room: "B", coach: "Jo Park", location: null,
    archived: false, students: 0, families: 0, ...TIMES, ...overrides,
  };
}

/** The same as a student's record shows it. */
export function aStudentsClass(overrides: Partial<StudentClass> = {}): StudentClass {
  return without(aClass(overrides), "students", "families");
}

export class RecordsWorld {
  savedReplies: SavedReply[] = [];
  /** What filling in a reply answers, by its id; else its own text. */
  readonly filled = new Map<string, FilledReply>();
  classes: ListedClass[] = [];
  tags: RecordTag[] = [];
  locations: RecordLocation[] = [];
  links: LinkTemplate[] = [];
  readonly contexts = new Map<string, ConversationContext>();
  /** Every change, as it was sent. */
  readonly changes: { path: string; body: unknown }[] = [];

  handlers(api: string): HttpHandler[] {
    return [
      http.get(`${api}/conversations/:id/context`, ({ params }) =>
        HttpResponse.json(this.contexts.get(String(params.id)) ?? { records: [], more_records: 0, links: [] }),
      ),
      http.get(`${api}/classes`, ({ request }) => {
        const query = new URL(request.url).searchParams;
        const fits = ({ weekdays, location, archived }: ListedClass) =>
          (!query.get("weekday") || weekdays.some((day) => day === query.get("weekday"))) &&
          (!query.get("location") || location === query.get("location")) &&
          archived === (query.get("archived") === "true");
        return HttpResponse.json(found(this.classes.filter(fits), request, ({ name, id }) => [name, id]));
      }),
      http.get(`${api}/classes/:id`, ({ params }) => one(this.classes, params.id)),
      http.patch(`${api}/classes/:id`, async ({ params, request }) => {
        const body = (await this.note(`/classes/${String(params.id)}`, request)) as Partial<ListedClass>;
        this.classes = this.classes.map((each) => (each.id === params.id ? { ...each, ...body } : each));
        const changed = this.classes.find(({ id }) => id === params.id);
        return changed ? HttpResponse.json(without(changed, "students", "families")) : notFound();
      }),
      http.post(`${api}/classes`, async ({ request }) => {
        const body = (await this.note("/classes", request)) as Partial<ListedClass>;
        const made = aClass(body);
        this.classes.push(made);
        return HttpResponse.json(without(made, "students", "families"), { status: 201 });
      }),
      http.get(`${api}/tags`, ({ request }) => HttpResponse.json(found(this.tags, request, ({ name }) => [name]))),
      http.get(`${api}/locations`, ({ request }) => HttpResponse.json(found(this.locations, request, ({ name }) => [name]))),
      http.get(`${api}/organization/links`, () => HttpResponse.json({ links: this.links })),
      http.put(`${api}/organization/links`, async ({ request }) => {
        const body = (await this.note("/organization/links", request)) as { links: LinkTemplate[] };
        this.links = body.links;
        return HttpResponse.json(body);
      }),
      http.get(`${api}/saved-replies`, ({ request }) =>
        HttpResponse.json(found(this.savedReplies, request, ({ uses, title, id }) => [-uses, title, id])),
      ),
      http.post(`${api}/saved-replies`, async ({ request }) => {
        const made = aSavedReply((await this.note("/saved-replies", request)) as Partial<SavedReply>);
        this.savedReplies.push(made);
        return HttpResponse.json(made, { status: 201 });
      }),
      http.patch(`${api}/saved-replies/:id`, async ({ request, params }) => {
        const body = (await this.note(`/saved-replies/${String(params.id)}`, request)) as Partial<SavedReply>;
        this.savedReplies = this.savedReplies.map((each) => (each.id === params.id ? { ...each, ...body } : each));
        return HttpResponse.json(this.savedReplies.find(({ id }) => id === params.id));
      }),
      http.delete(`${api}/saved-replies/:id`, ({ params }) => {
        this.savedReplies = this.savedReplies.filter(({ id }) => id !== params.id);
        return new HttpResponse(null, { status: 204 });
      }),
      http.post(`${api}/saved-replies/:id/fill`, ({ params }) => {
        const reply = this.savedReplies.find(({ id }) => id === params.id);
        return HttpResponse.json(this.filled.get(String(params.id)) ?? { body: reply?.body ?? "", missing: [] });
      }),
    ];
  }

  private async note(path: string, request: Request): Promise<unknown> {
    const body: unknown = await request.json();
    this.changes.push({ path, body });
    return body;
  }
}

function matching<Item>(items: Item[], request: Request): Item[] {
  const q = new URL(request.url).searchParams.get("q")?.toLowerCase() ?? "";
  return items.filter((item) => JSON.stringify(item).toLowerCase().includes(q));
}

function found<Item>(items: Item[], request: Request, key: (item: Item) => (string | number)[]) {
  return page(matching(items, request), new URL(request.url).searchParams, key, "ascending");
}
