/** Fields of saved replies that nobody has filled in, as they stand in a text (SAVED). */

export const REPLY_FIELDS = ["first_name", "family", "business", "my_name", "student_first_names", "class"] as const;

const FIELD = new RegExp(`\\{(?:${REPLY_FIELDS.join("|")})\\}`, "g");

export interface Unfilled {
  field: string;
  start: number;
  end: number;
}

export function findUnfilled(text: string): Unfilled[] {
  return [...text.matchAll(FIELD)].map((match) => ({ field: match[0], start: match.index, end: match.index + match[0].length }));
}
