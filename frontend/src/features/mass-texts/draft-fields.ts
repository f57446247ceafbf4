/** What somebody writes of a mass text, before and after it is stored. */
import { isEmpty, NOBODY } from "./audience";
import type { AudienceDescription, BroadcastDetail, NewBroadcast } from "@/api/broadcasts";

export interface MassTextFields {
  name: string;
  body: string;
  audience: AudienceDescription;
  line_id: string | null;
  /** Null: the organization's. */
  header: string | null;
  footer: string | null;
  fallbacks: Record<string, string>;
  send_at: string | null;
  /** Ids of its files, in their order. */
  attachments: string[];
}

/** What was changed and is not stored yet. Files that are added are uploads, which are kept apart. */
export type Edits = Partial<Omit<MassTextFields, "attachments">> & { removed_files?: string[] };

const BLANK: MassTextFields = { name: "", body: "", audience: NOBODY, line_id: null, header: null, footer: null, fallbacks: {}, send_at: null, attachments: [] };

function fieldsOf(stored: BroadcastDetail | undefined): MassTextFields {
  if (!stored) return BLANK;
  const { name, body, audience, line_id, header, footer, fallbacks, send_at, attachments } = stored;
  return { name, body, audience, line_id, header, footer, fallbacks, send_at, attachments: attachments.map(({ id }) => id) };
}

/** `uploaded`: ids of files that are not stored with it yet. */
export function editedFields(stored: BroadcastDetail | undefined, { removed_files = [], ...edits }: Edits, uploaded: readonly string[]): MassTextFields {
  const before = fieldsOf(stored);
  const kept = before.attachments.filter((id) => !removed_files.includes(id));
  return { ...before, ...edits, attachments: [...kept, ...uploaded] };
}

const LONGEST_NAME = 40;

/** The name that somebody gave it, or the first words of the text. */
export function nameOf({ name, body }: Pick<MassTextFields, "name" | "body">): string {
  if (name.trim() !== "") return name.trim();
  const [line = ""] = body.trim().split("\n");
  if (line.length <= LONGEST_NAME) return line || "Mass text";
  return `${line.slice(0, LONGEST_NAME).replace(/\s+\S*$/, "")}…`;
}

/** What it lacks before it can be stored. */
export function lacks({ body, audience, attachments }: MassTextFields): "text" | "audience" | null {
  if (isEmpty(audience)) return "audience";
  return body.trim() === "" && attachments.length === 0 ? "text" : null;
}

/** The fields that differ from what is stored. */
export function changesOf(stored: BroadcastDetail, fields: MassTextFields): Partial<MassTextFields> {
  const before = fieldsOf(stored);
  return withoutSame(fields.name === before.name ? fields : { ...fields, name: nameOf(fields) }, before);
}

/** The edits that are left after a save: what was typed, and removed, meanwhile. */
export function editsLeft({ removed_files = [], ...edits }: Edits, sent: Partial<MassTextFields>, saved: BroadcastDetail): Edits {
  const stillThere = removed_files.filter((id) => saved.attachments.some((file) => file.id === id));
  return { ...withoutSame(edits, sent), ...(stillThere.length > 0 && { removed_files: stillThere }) };
}

function withoutSame(fields: Partial<MassTextFields>, known: Partial<MassTextFields>): Partial<MassTextFields> {
  const before = known as Record<string, unknown>;
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

/** The edits as a change: a stored mass text has lines of its own, which cannot become the organization's again. */
export function patchOf({ header, footer, ...others }: Edits) {
  return { ...others, ...(typeof header === "string" && { header }), ...(typeof footer === "string" && { footer }) };
}

export function newBroadcast(fields: MassTextFields): NewBroadcast {
  return { ...fields, name: nameOf(fields) };
}
