/** What every part of the API in memory answers alike: problems, and pages of lists by keyset. */
import { HttpResponse } from "msw";

/** Fields of a type that every answer of it has. */
const FIELDS: Record<string, Record<string, unknown>> = {
  "/problems/conflict": { existing_id: null, conflicting: [] },
  "/problems/rate-limited": { per: null, limit: null, resets_at: null },
};

export function problem(status: number, type: string, title: string, fields: Record<string, unknown> = {}, headers: Record<string, string> = {}): Response {
  return HttpResponse.json(
    { type, title, status, detail: null, instance: null, request_id: null, ...FIELDS[type], ...fields },
    { status, headers: { "Content-Type": "application/problem+json", ...headers } },
  );
}

export const notFound = (): Response => problem(404, "/problems/not-found", "Not found");

/** A row's place in its list. */
type Key = readonly (string | number)[];

function compare(one: Key, other: Key): number {
  for (const [index, part] of one.entries()) {
    const against = other[index] ?? "";
    if (part !== against) return part < against ? -1 : 1;
  }
  return 0;
}

const encode = (key: Key): string => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(key)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function decode(cursor: string): Key {
  try {
    const bytes = Uint8Array.from(atob(cursor.replace(/-/g, "+").replace(/_/g, "/")), (byte) => byte.charCodeAt(0));
    const key: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (Array.isArray(key)) return key as Key;
  } catch {
    // It is answered below.
  }
  const detail = "Use the next_cursor of an earlier page, unchanged.";
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- MSW answers with a Response that is thrown.
  throw problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/query/cursor", detail }] });
}

/**
 * A page of a list, as the API pages: in the order of the key, and after the key that the cursor holds. So a row that arrives or
 * moves meanwhile shifts no other row to another page.
 */
export function page<Item>(items: readonly Item[], query: URLSearchParams, key: (item: Item) => Key, order: "ascending" | "descending" = "descending") {
  const direction = order === "ascending" ? 1 : -1;
  const limit = Number(query.get("limit") ?? 50);
  const cursor = query.get("cursor");
  const after = cursor === null ? null : decode(cursor);
  const rest = items
    .filter((item) => after === null || compare(key(item), after) * direction > 0)
    .sort((a, b) => compare(key(a), key(b)) * direction);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next_cursor: last && rest.length > limit ? encode(key(last)) : null };
}

export const byId = ({ id }: { id: string }): Key => [id];

/** The value without some of its fields. */
export function without<Value extends object, Field extends keyof Value & string>(value: Value, ...fields: Field[]): Omit<Value, Field> {
  const left: string[] = fields;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !left.includes(name))) as Omit<Value, Field>;
}

export function one(items: { id: string }[], id: unknown): Response {
  const found = items.find((item) => item.id === id);
  return found ? HttpResponse.json(found) : notFound();
}
