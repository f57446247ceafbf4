/** Lists of conversations as they are cached: pages by keyset, into which single rows are placed without a request. */
import type { InfiniteData } from "@tanstack/react-query";

import type { ConversationFilter } from "./keys";
import type { Conversation } from "./types";

/** Where a row stands in a list: newest first, or the longest waiting first. */
type Place = Pick<Conversation, "last_message_at" | "waiting_since" | "id">;

export interface ListPage {
  items: Conversation[];
  next_cursor: string | null;
  /** Where the next page begins: after this row, wherever that one has gone since. Null on the last page. */
  end: Place | null;
  /** The page's time up to which the page tells everything (`Ledger.now`). */
  asOf: number;
}

export type ListData = InfiniteData<ListPage, string | null>;

export function listPage(page: { items: Conversation[]; next_cursor: string | null }, asOf: number): ListPage {
  const last = page.items.at(-1);
  const end = page.next_cursor !== null && last ? { last_message_at: last.last_message_at, waiting_since: last.waiting_since, id: last.id } : null;
  return { items: page.items, next_cursor: page.next_cursor, end, asOf };
}

type Condition<Value> = (value: Value, row: Conversation, isIn: boolean) => boolean | undefined;

const holds =
  (kind: "family" | "staff_member"): Condition<string> =>
  (id, row, isIn) =>
    // A row does not name archived holders.
    row.holders.some((holder) => holder.kind === kind && holder.id === id) || (isIn ? undefined : false);

/** In "Later" (REMIND). */
export function isInLater({ status, reminder }: Pick<Conversation, "status" | "reminder">): boolean {
  return status === "open" && reminder !== null && !reminder.due;
}

/** Whether a row is in a list, for each part of its filter. Undefined: the row alone does not tell. */
const CONDITIONS: { [Field in keyof ConversationFilter]-?: Condition<NonNullable<ConversationFilter[Field]>> } = {
  status: (status, row) => row.status === status && !(status === "open" && isInLater(row)),
  familyId: holds("family"),
  staffMemberId: holds("staff_member"),
  assignee: (assignee, row) => (assignee === "none" ? row.assignee === null : row.assignee?.id === assignee),
  notSent: (_, row) => row.not_sent > 0,
  later: (_, row) => isInLater(row),
  lineId: (lineId, row) => row.line_id === lineId,
  // A row does not name tags; they change seldom.
  tag: (_tag, _row, isIn) => (isIn ? true : undefined),
  sort: (_, row) => row.status !== "closed" && row.waiting_since !== null,
};

/** Whether the list with this filter shows the row. Undefined: the row alone does not tell. */
export function decides(filter: ConversationFilter, row: Conversation, isIn: boolean): boolean | undefined {
  const answers = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => {
      const condition = CONDITIONS[field as keyof ConversationFilter] as Condition<unknown> | undefined;
      return condition?.(value, row, isIn);
    });
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** Negative if `a` stands before `b`. */
function comparePlaces(a: Place, b: Place, sort: ConversationFilter["sort"]): number {
  if (sort) return compareTimes(a.waiting_since ?? "", b.waiting_since ?? "") || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return compareTimes(b.last_message_at, a.last_message_at) || (b.id < a.id ? -1 : b.id > a.id ? 1 : 0);
}

/** The API's times have up to six digits of a second, and leave them out when they are zero. */
function compareTimes(a: string, b: string): number {
  if (a === b) return 0;
  const [first, second] = [comparable(a), comparable(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function comparable(time: string): string {
  const [seconds = "", digits = ""] = time.replace("Z", "").split(".");
  return `${seconds}.${digits.padEnd(6, "0")}`;
}

export interface Placed {
  data: ListData;
  /** The list has to be loaded again: the row alone does not tell whether it is in it. */
  undecided: boolean;
}

/**
 * The list with the row in its place, or without it. `at`: when the row was heard of; a page that was read later knows
 * better. The result depends on the rows that were placed, not on their order.
 */
export function placeRow(data: ListData, filter: ConversationFilter, row: Conversation, at = Infinity): Placed {
  const from = data.pages.findIndex((page) => page.items.some((item) => item.id === row.id));
  const to = data.pages.findIndex((page) => page.end === null || comparePlaces(row, page.end, filter.sort) <= 0);
  const [source, target] = [data.pages[from], data.pages[to]];
  const judge = source ?? target;
  if (judge && judge.asOf >= at) return { data, undecided: false };
  const isShown = decides(filter, row, from !== -1);
  if (isShown === undefined && !source) return { data, undecided: true };
  if (!source && (!isShown || !target)) return { data, undecided: false };
  const pages = data.pages.map((page, index) => {
    if (index < from && index !== to) return page;
    const others = page.items.some((item) => item.id === row.id) ? page.items.filter((item) => item.id !== row.id) : page.items;
    if (index === to && isShown !== false) return { ...page, items: inserted(others, row, filter.sort) };
    return others === page.items ? page : { ...page, items: others };
  });
  return { data: { ...data, pages }, undecided: isShown === undefined };
}

function inserted(items: Conversation[], row: Conversation, sort: ConversationFilter["sort"]): Conversation[] {
  const before = items.findIndex((item) => comparePlaces(row, item, sort) < 0);
  return before === -1 ? [...items, row] : items.toSpliced(before, 0, row);
}

/** The list, telling everything up to `asOf`. */
export function asOf(data: ListData, time: number): ListData {
  return { ...data, pages: data.pages.map((page) => ({ ...page, asOf: time })) };
}
