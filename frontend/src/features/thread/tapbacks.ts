/**
 * Reactions that phones send as texts ("Liked “See you at 6”", "👍 to “See you at 6”"). Each is matched to the newest
 * earlier message that it quotes, and shown on it. The text itself stays a message: it is stored, counted and searched as
 * it came, and the thread shows it folded. A text that quotes nothing in the thread is an ordinary text.
 */
import type { Message } from "@/api/types";

export interface Tapback {
  emoji: string;
  /** The reaction was taken back. */
  removed: boolean;
  /** The quoted words; null for a picture ("Loved an image"). */
  quote: string | null;
}

export interface Tapbacks {
  /** The reactions on each message, by its id, in the order in which they came. */
  on: Map<string, string[]>;
  /** The messages that are reactions, by id, and what each says. */
  folded: Map<string, Tapback>;
}

/** Longer than a text can be, with the words around the quote. */
const LONGEST = 2_000;
const LONGEST_LEAD = 60;
/** A cut quote has to be this long to be taken for the start of a message. */
const SHORTEST_CUT = 6;

/**
 * What stands before the quote on iPhones, in the languages of the families that classes have. A wrong one does no harm,
 * since the quote decides.
 */
const LEADS: readonly [emoji: string, given: readonly string[], removed: readonly string[]][] = [
  ["❤️", ["Loved", "Le encantó", "Le encanta", "A adoré", "Hat geliebt", "Adorou"], ["Removed a heart from"]],
  ["👍", ["Liked", "Le gustó", "Le gusta", "A aimé", "Gefällt", "Gostou de"], ["Removed a like from"]],
  ["👎", ["Disliked", "No le gustó", "No le gusta", "N’a pas aimé", "Gefällt nicht", "Não gostou de"], ["Removed a dislike from"]],
  ["😂", ["Laughed at", "Se rio de", "Se rió de", "Se ríe de", "A ri de", "Riu de"], ["Removed a laugh from"]],
  ["‼️", ["Emphasized", "Emphasised", "Enfatizó", "Exclamó por", "A mis en exergue", "Hervorgehoben", "Enfatizou"], ["Removed an exclamation from"]],
  ["❓", ["Questioned", "Cuestionó", "Preguntó por", "S’est interrogé sur", "Hinterfragt", "Questionou"], ["Removed a question mark from"]],
];

const BY_LEAD = new Map<string, { emoji: string; removed: boolean }>(
  LEADS.flatMap(([emoji, given, removed]) => [
    ...given.map((lead) => [lead.toLowerCase(), { emoji, removed: false }] as const),
    ...removed.map((lead) => [lead.toLowerCase(), { emoji, removed: true }] as const),
  ]),
);

/** Spaces without width. They join the parts of an emoji too, which stay: U+200D is not among them. */
const HIDDEN = /[\u200B\u200C\u2060\uFEFF]/gu;

const IMAGE = /^(?:an image|a photo|a picture|an attachment|a movie)$/i;
const OPENING = /[“"«„‟]/u;
const CLOSING = /[”"»“]$/u;
/** One emoji, with its skin, its parts and its variation. */
const EMOJI = /^(?:\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\uFE0F)?(?:\u200D\p{Emoji}(?:\p{EMod}|\uFE0F)?){0,6})$/u;

export function readTapback(body: string): Tapback | null {
  if (body.length > LONGEST) return null;
  // Android hides thin spaces in its reactions, so that its own phones recognise them.
  const text = body.replace(HIDDEN, "").replace(/[\u00A0\u2009\u200A\u202F]/gu, " ").trim();
  const at = text.search(OPENING);
  if (at > 0 && at <= LONGEST_LEAD && CLOSING.test(text)) {
    const lead = readLead(text.slice(0, at).trim());
    return lead && { ...lead, quote: text.slice(at + 1, -1).trim() };
  }
  const image = /^(.{2,40}) (an? [a-z]{5,10})$/i.exec(text);
  const lead = image?.[2] && IMAGE.test(image[2]) ? readLead(image[1] ?? "") : null;
  return lead && { ...lead, quote: null };
}

function readLead(lead: string): { emoji: string; removed: boolean } | null {
  const known = BY_LEAD.get(lead.toLowerCase());
  if (known) return known;
  const android = /^(\S{1,30}) to$/i.exec(lead) ?? /^reacted (\S{1,30}) to$/i.exec(lead);
  const removed = /^removed (\S{1,30}) from$/i.exec(lead);
  const emoji = (android ?? removed)?.[1] ?? "";
  return /\p{Extended_Pictographic}|\p{RI}/u.test(emoji) && EMOJI.test(emoji) ? { emoji, removed: android === null } : null;
}

/** `messages` are in their order. */
export function matchTapbacks(messages: readonly Message[]): Tapbacks {
  const on = new Map<string, string[]>();
  const folded = new Map<string, Tapback>();
  messages.forEach((message, index) => {
    const tapback = message.direction === "inbound" && message.media.length === 0 ? readTapback(message.body) : null;
    if (!tapback) return;
    const quoted = findQuoted(messages.slice(0, index), tapback, folded);
    if (!quoted) return;
    folded.set(message.id, tapback);
    const before = (on.get(quoted.id) ?? []).filter((emoji) => emoji !== tapback.emoji);
    on.set(quoted.id, tapback.removed ? before : [...before, tapback.emoji]);
  });
  return { on, folded };
}

function findQuoted(earlier: readonly Message[], { quote }: Tapback, folded: ReadonlyMap<string, Tapback>): Message | undefined {
  if (quote === null) return earlier.findLast(({ media }) => media.some(({ content_type }) => !content_type.startsWith("text/")));
  const wanted = normalize(quote);
  const cut = /(?:…|\.\.\.)$/u.test(wanted) ? wanted.replace(/\s*(?:…|\.\.\.)$/u, "") : null;
  if (wanted === "") return undefined;
  return earlier.findLast((message) => {
    if (folded.has(message.id)) return false;
    const body = normalize(message.body);
    return body === wanted || (cut !== null && cut.length >= SHORTEST_CUT && body.startsWith(cut));
  });
}

function normalize(text: string): string {
  return text.replace(HIDDEN, "").replace(/\s+/gu, " ").trim();
}
