/** What the outbox holds, and what it decides about it: values in, values out. */
import { PROBLEM, ProblemError, type Problem } from "./problem";

/** What a text says, and under which condition it goes. */
export interface TextPayload {
  body: string;
  /** The last message the person had seen; null sends in any case. */
  seenSeq: number | null;
  close: boolean;
  /** Ids of uploads. */
  attachments?: readonly string[];
  /** LATER: when it goes; without, at once. */
  sendAt?: string;
  /** A text that comes in before `sendAt` holds it back. */
  onlyIfNothingNew?: boolean;
}

export interface TextAct {
  kind: "text";
  text: TextPayload;
}

/** The first text to a number: it starts the conversation, or continues the one on that line (TO-NAME). */
export interface FirstTextAct {
  kind: "first";
  phoneNumber: string;
  /** Null: the API chooses the line. */
  lineId: string | null;
  body: string;
  /** Ids of uploads. Missing in what an earlier version of the app kept. */
  attachments?: readonly string[];
}

/** What stands for the conversation of a first text, which nobody knows yet. */
export function conversationOfFirstText(phoneNumber: string): string {
  return `new:${phoneNumber}`;
}

/** What a person can have done to a conversation. A new kind needs a case in `carryOut` and words in the pending bubble. */
export type Act = TextAct | FirstTextAct | { kind: "close"; seenSeq: number } | { kind: "reopen" };

/** Why an item has not gone yet, although it will be tried again. */
export type WaitCause = "connection" | "signed_out" | "too_many" | "server" | "in_progress";

export interface Waits {
  cause: WaitCause;
  /** When it is tried again, in milliseconds since 1970; null if only after a sign-in. */
  until: number | null;
}

/** Why an item does not go by itself any more. */
export type Refusal = { reason: "problem"; problem: Problem } | { reason: "too_old" };

export interface OutboxItem<A extends Act = Act> {
  /** The Idempotency-Key, and the `client_key` of the message. */
  key: string;
  owner: string;
  conversationId: string;
  /** Ascending in the order in which the person acted. */
  order: number;
  createdAt: string;
  act: A;
  /** Requests made so far. After the first one, only an answer tells whether the item was accepted. */
  attempts: number;
  waits: Waits | null;
  refusal: Refusal | null;
  /** The person let it go before the refused text in front of it. */
  goesFirst: boolean;
  /** Grows with each change: of two copies, the higher one counts. */
  revision: number;
}

export type PendingState =
  | { name: "sending" }
  | ({ name: "waiting" } & Waits)
  /** A refused text stands in front of it. */
  | { name: "behind" }
  | { name: "refused"; refusal: Refusal };

/** An item as a person sees it. */
export interface PendingItem<A extends Act = Act> extends Pick<OutboxItem<A>, "key" | "conversationId" | "createdAt" | "act"> {
  state: PendingState;
  /** False if this browser could not store it: it is lost with the tab. */
  stored: boolean;
}

export type PendingText = PendingItem<TextAct>;

/** How many texts of a conversation have not gone, by what they need: nothing, patience, a person. */
export interface PendingCounts {
  sending: number;
  waiting: number;
  refused: number;
}

/** A text that has not gone by then needs a person: "See you in ten minutes" must not arrive tomorrow. */
export const SENT_BY_ITSELF_MS = 12 * 3_600_000;
/** The server remembers a key for at least 72 hours; a day less allows for a wrong clock. */
export const KEY_REMEMBERED_MS = 48 * 3_600_000;
/** What is older is deleted, whosever it is: browsers are shared. */
export const KEPT_MS = 30 * 24 * 3_600_000;
export const MOST_ITEMS = 200;

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

export function isText(item: OutboxItem): item is OutboxItem<TextAct> {
  return item.act.kind === "text";
}

export function isPendingText(item: PendingItem): item is PendingText {
  return item.act.kind === "text";
}

/** The next item to send of one conversation's, in order. A refused text holds back the texts after it, nothing else. */
export function nextToSend(items: readonly OutboxItem[]): OutboxItem | undefined {
  let isHeldBack = false;
  for (const item of items) {
    if (item.refusal) isHeldBack ||= isText(item);
    else if (!isHeldBack || item.goesFirst || !isText(item)) return item;
  }
  return undefined;
}

/** True if it can be taken back for certain: it was refused, or never requested. */
export function isWithdrawable(item: OutboxItem): boolean {
  return item.refusal !== null || item.attempts === 0;
}

export function isTooOld(item: OutboxItem, now: number): boolean {
  return now - Date.parse(item.createdAt) > SENT_BY_ITSELF_MS;
}

/** What is true of each item of one conversation, in order. What stands behind a waiting one waits for the same thing. */
export function describeItems(items: readonly OutboxItem[], inFlight: ReadonlySet<string>): PendingState[] {
  const next = nextToSend(items);
  let isHeldBack = false;
  return items.map((item): PendingState => {
    if (item.refusal) {
      isHeldBack ||= isText(item);
      return { name: "refused", refusal: item.refusal };
    }
    if (isHeldBack && isText(item) && !item.goesFirst) return { name: "behind" };
    const waits = next && !inFlight.has(next.key) ? next.waits : null;
    return waits && waits.cause !== "in_progress" ? { name: "waiting", ...waits } : { name: "sending" };
  });
}

/**
 * What an error means for an item: a refusal is definite, everything else is tried again under the same key. Not definite
 * are no answer, a failing server, too many requests (but a day's texts are used up until midnight), an ended sign-in, and the
 * first attempt under this key still running.
 */
export function judgeError(error: unknown, attempts: number, now: number): { refusal: Problem } | { waits: Waits } {
  const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, attempts - 1)) * (0.75 + Math.random() / 2);
  if (!(error instanceof ProblemError)) return { waits: { cause: "connection", until: now + pause } };
  const { status, type, retryAfter } = error;
  const until = now + Math.max(pause, (retryAfter ?? 0) * 1_000);
  if (status === 401) return { waits: { cause: "signed_out", until: null } };
  if (status === 429 && !error.problem.resets_at) return { waits: { cause: "too_many", until } };
  if (status === 409 && type === PROBLEM.idempotencyConflict) return { waits: { cause: "in_progress", until } };
  if (status >= 500 || status === 408) return { waits: { cause: "server", until } };
  return { refusal: error.problem };
}

export function countByConversation(items: readonly PendingItem[]): ReadonlyMap<string, PendingCounts> {
  const counts = new Map<string, PendingCounts>();
  for (const { conversationId, state } of items.filter(({ act }) => act.kind === "text" || act.kind === "first")) {
    const count = counts.get(conversationId) ?? { sending: 0, waiting: 0, refused: 0 };
    counts.set(conversationId, count);
    count[state.name === "behind" ? "waiting" : state.name] += 1;
  }
  return counts;
}

/** Where an earlier version of the app kept the texts of a person, in local storage. */
export const legacyKeyOf = (owner: string): string => `messenger:${owner}:outbox`;
