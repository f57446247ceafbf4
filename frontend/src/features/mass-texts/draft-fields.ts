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
}

/** What was changed and is not stored yet. */
export type Edits = Partial<MassTextFields>;

const BLANK: MassTextFields = { name: "", body: "", audience: NOBODY, line_id: null, header: null, footer: null, fallbacks: {}, send_at: null };

export function fieldsOf(stored: BroadcastDetail | undefined): MassTextFields {
  if (!stored) return BLANK;
  const { name, body, audience, line_id, header, footer, fallbacks, send_at } = stored;
  return { name, body, audience, line_id, header, footer, fallbacks, send_at };
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
export function lacks({ body, audience }: MassTextFields): "text" | "audience" | null {
  if (isEmpty(audience)) return "audience";
  return body.trim() === "" ? "text" : null;
}

/** The edits that differ from what is stored. */
export function changesOf(stored: BroadcastDetail, edits: Edits): Edits {
  const before = fieldsOf(stored);
  const fields = { ...edits, ...(edits.name !== undefined && { name: nameOf({ ...before, ...edits }) }) };
  return withoutSame(fields, before);
}

/** The edits without those that are as they were sent: what was typed meanwhile stays. */
export function withoutSame(edits: Edits, sent: Edits): Edits {
  const known = sent as Record<string, unknown>;
  return Object.fromEntries(Object.entries(edits).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name])));
}

/** The edits as a change: a stored mass text has lines of its own, which cannot become the organization's again. */
export function patchOf({ header, footer, ...others }: Edits) {
  return { ...others, ...(typeof header === "string" && { header }), ...(typeof footer === "string" && { footer }) };
}

export function newBroadcast(fields: MassTextFields): NewBroadcast {
  return { ...fields, name: nameOf(fields) };
}
