/** Who gets a mass text: families and staff by filter, saved lists, and numbers one by one (MASS-WHO). */
import type { Audience, AudienceDescription, AudienceFilter } from "@/api/broadcasts";
import type { MassTextSearch } from "@/lib/mass-text-search";
import { plural } from "@/lib/text";

export const NO_FILTER: AudienceFilter = { q: null, tag: null, class_id: null, location: null, archived: false };

export const NOBODY: AudienceDescription = {
  families: null, staff_members: null, numbers: [], external_ids: [], audience_ids: [], contacts: "all",
};

export function isEmpty({ families, staff_members, numbers, external_ids, audience_ids }: AudienceDescription): boolean {
  return !families && !staff_members && numbers.length + external_ids.length + audience_ids.length === 0;
}

export const isFiltered = (filter: AudienceFilter): boolean => Boolean(filter.q ?? filter.tag ?? filter.class_id ?? filter.location) || filter.archived;

/** The audience that a link of a filtered list names: "Text these". */
export function audienceOfSearch({ of, q, tag, class: classId, location, archived }: MassTextSearch): AudienceDescription | null {
  if (!of) return null;
  const filter = { q: q ?? null, tag: tag ?? null, class_id: classId ?? null, location: location ?? null, archived: archived ?? false };
  return { ...NOBODY, ...(of === "families" ? { families: filter } : { staff_members: filter }) };
}

/** "Families tagged “team”, and the list “Coaches”". `className` is the name of the filter's class. */
export function describeAudience(audience: AudienceDescription, names: { classes: ReadonlyMap<string, string>; lists: readonly Audience[] }): string {
  const lists = audience.audience_ids.map((id) => `the list “${names.lists.find((list) => list.id === id)?.name ?? "…"}”`);
  const parts = [
    audience.families && describeFilter("families", audience.families, names.classes),
    audience.staff_members && describeFilter("staff", audience.staff_members, names.classes),
    ...lists,
    audience.numbers.length > 0 && plural(audience.numbers.length, "chosen number"),
    audience.external_ids.length > 0 && plural(audience.external_ids.length, "id"),
  ].filter((part): part is string => typeof part === "string");
  const said = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1) ?? ""}` : (parts[0] ?? "nobody yet");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function describeFilter(who: "families" | "staff", filter: AudienceFilter, classes: ReadonlyMap<string, string>): string {
  const marks = [
    filter.class_id && `of ${classes.get(filter.class_id) ?? "one class"}`,
    filter.tag && `tagged “${filter.tag}”`,
    filter.location && `at ${filter.location}`,
    filter.q && `that fit “${filter.q}”`,
  ].filter(Boolean);
  const whom = filter.archived ? `archived ${who}` : who;
  return marks.length > 0 ? [whom, ...marks].join(" ") : `all ${whom}`;
}

const TYPED_NUMBER = /^\+?[\d\s().\-–/]{4,25}$/;

/** What was pasted, or stands in a file: one a line, or with commas, semicolons or tabs between; words are ids of other software. */
export function readPasted(text: string): { numbers: string[]; externalIds: string[] } {
  const cells = text
    .split(/[\n\r,;\t]+/)
    .map((cell) => cell.trim().replace(/^["']|["']$/g, ""))
    .filter((cell) => cell !== "");
  const isNumber = (cell: string) => TYPED_NUMBER.test(cell) && cell.replace(/\D/g, "").length >= 7;
  return { numbers: [...new Set(cells.filter(isNumber))], externalIds: [...new Set(cells.filter((cell) => !isNumber(cell)))] };
}
