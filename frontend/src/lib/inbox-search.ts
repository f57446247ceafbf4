/**
 * The codec of the Messenger's URL: its search parameters are the state of the list. Every link to a conversation or a tab is
 * made here, so that none forgets a filter. Anything unknown or malformed is ignored, never an error.
 */
import type { ConversationStatus } from "@/api/types";

/** What the list shows. */
export interface InboxFilter {
  status?: ConversationStatus | undefined;
  /** The query of a message search; its results replace the list. */
  q?: string | undefined;
  /** "me", "nobody", or the id of a staff member. */
  assignee?: string | undefined;
  not_sent?: true | undefined;
  later?: true | undefined;
  /** The id of a line. */
  line?: string | undefined;
  tag?: string | undefined;
  /** Without it the newest come first. */
  sort?: InboxSort | undefined;
  /** The id of a saved view. */
  view?: string | undefined;
  /** The search looks through internal notes instead of texts. */
  notes?: true | undefined;
}

export interface MessengerSearch extends InboxFilter {
  /** The message at which the thread opens. */
  seq?: number | undefined;
  /** A number to text: the window for a new conversation is open. */
  to?: string | undefined;
  /** The id of another entry at which it opens: a note. */
  entry?: string | undefined;
}

const STATUSES = ["unread", "open", "closed"] as const satisfies ConversationStatus[];
const SORTS = ["waiting"] as const;
export type InboxSort = (typeof SORTS)[number];
const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const LONGEST_TEXT = 300;

/** Every key of `InboxFilter`, with how it is read. A key with a wrong value is undefined: left out, the router would keep it. */
const READ: { [Key in keyof Required<InboxFilter>]: (value: unknown) => InboxFilter[Key] } = {
  status: (value) => STATUSES.find((each) => each === value),
  q: readText,
  assignee: (value) => (value === "me" || value === "nobody" ? value : readId(value)),
  not_sent: readMark,
  later: readMark,
  line: readId,
  tag: readText,
  sort: (value) => SORTS.find((each) => each === value),
  view: readId,
  notes: readMark,
};

function readFilter(search: object): InboxFilter {
  const given = search as Record<string, unknown>;
  return Object.fromEntries(Object.entries(READ).map(([key, read]) => [key, read(given[key])]));
}

export function parseMessengerSearch(search: Record<string, unknown>): MessengerSearch {
  const { seq } = search;
  return { ...readFilter(search), seq: typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0 ? seq : undefined, entry: readId(search.entry), to: readText(search.to) };
}

/** A text in the address. A search for digits is parsed as a number by the router. */
export function readText(value: unknown): string | undefined {
  const text = typeof value === "string" || typeof value === "number" ? String(value).slice(0, LONGEST_TEXT) : "";
  return text || undefined;
}

export function readId(value: unknown): string | undefined {
  return typeof value === "string" && ID.test(value) ? value : undefined;
}

export function readMark(value: unknown): true | undefined {
  return value === true || undefined;
}

type Search = (before: object) => MessengerSearch;

/** For links that stay in the list: the filter as it is, the thread at its newest. */
export const keepFilter: Search = (before) => readFilter(before);

/** The thread at one message, in the same list. */
export const atMessage = (seq: number): Search => (before) => ({ ...readFilter(before), seq });

/** The thread at a note, in the same list. */
export const atEntry = (entry: string): Search => (before) => ({ ...readFilter(before), entry });

/** The same list with other filters; the open conversation and its message stay. */
export const withFilter = (change: Partial<InboxFilter>): Search => (before) => ({ ...parseMessengerSearch({ ...before }), ...change });

const TAB: InboxFilter = { status: undefined, later: undefined, q: undefined, notes: undefined, view: undefined };

/** A tab of the list. A search and a saved view are left; the other filters stay. */
export const toStatus = (status: ConversationStatus | undefined): Search => (before) => ({ ...readFilter(before), ...TAB, status });

/** The tab "Later". */
export const toLater: Search = (before) => ({ ...readFilter(before), ...TAB, later: true });

const NOTHING: InboxFilter = { ...TAB, assignee: undefined, not_sent: undefined, line: undefined, tag: undefined, sort: undefined };

/** A list with these filters alone, as a saved view is. */
export const toFilter = (filter: InboxFilter): Search => () => ({ ...NOTHING, ...filter });

/** The same tab without any other filter. */
export const withoutFilters: Search = (before) => {
  const { status, later } = readFilter(before);
  return { ...NOTHING, status, later };
};

/** Whether more than the tab narrows the list. */
export function isNarrowed({ assignee, not_sent, line, tag }: InboxFilter): boolean {
  return Boolean(assignee ?? not_sent ?? line ?? tag);
}

/** The window for a new conversation, with this number or to choose one. */
export const toCompose = (number: string | undefined): Search => (before) => ({ ...parseMessengerSearch({ ...before }), to: number });

/** The open conversation at its newest message. */
export const atNewest: Search = keepFilter;
