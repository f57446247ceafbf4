/**
 * Reactions that phones send as texts ("Liked “See you at 6”"). The API reads them, and places each on the message that it
 * quotes; one whose text came before it did so is placed here, if that message is loaded. The text itself stays a message: it
 * is counted and searched as it came, and the thread shows it folded. A text that quotes nothing is an ordinary text.
 */
import type { Message } from "@/api/types";

export type Tapback = NonNullable<Message["reaction"]>;

export interface Tapbacks {
  /** The reactions on each message, by its id, in the order in which they came. */
  on: Map<string, string[]>;
  /** The messages that are reactions, by id, and what each says. */
  folded: Map<string, Tapback>;
}

/** A cut quote has to be this long to be taken for the start of a message. */
const SHORTEST_CUT = 6;
const CUT = /\s*(?:…|\.\.\.)$/u;

/** `messages` are in their order. */
export function matchTapbacks(messages: readonly Message[]): Tapbacks {
  const on = new Map(messages.filter(({ reactions }) => reactions.length > 0).map(({ id, reactions }) => [id, reactions]));
  const folded = new Map<string, Tapback>();
  messages.forEach((message, index) => {
    const { id, reaction } = message;
    if (!reaction) return;
    if (reaction.message_id !== null) {
      folded.set(id, reaction);
      return;
    }
    const quoted = findQuoted(messages.slice(0, index), reaction, folded);
    if (!quoted) return;
    folded.set(id, reaction);
    const before = (on.get(quoted.id) ?? []).filter((emoji) => emoji !== reaction.emoji);
    on.set(quoted.id, reaction.removed ? before : [...before, reaction.emoji]);
  });
  return { on, folded };
}

function findQuoted(earlier: readonly Message[], { quote }: Tapback, folded: ReadonlyMap<string, Tapback>): Message | undefined {
  if (quote === null) return earlier.findLast(({ media }) => media.length > 0);
  const wanted = normalize(quote);
  const cut = CUT.test(wanted) ? wanted.replace(CUT, "") : null;
  if (wanted === "") return undefined;
  return earlier.findLast((message) => {
    if (folded.has(message.id)) return false;
    const body = normalize(message.body);
    return body === wanted || (cut !== null && cut.length >= SHORTEST_CUT && body.startsWith(cut));
  });
}

function normalize(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}
