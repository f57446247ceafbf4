/**
 * The one writer of what live events and clicks change: lists of conversations, the open conversation, its thread, the
 * indicator. It applies rows by id, and no request is made for it.
 *
 * What the server says is in the `Ledger`; what the caches hold is that, with the overlays of clicks on top. An overlay is
 * what a click will have settled. It ends with the answer to its request, which brings the row, or the refusal.
 */
import { notifyManager, type Query, type QueryClient, type QueryCacheNotifyEvent } from "@tanstack/react-query";

import { asOf, isInLater, placeRow, type ListData } from "./conversation-lists";
import { keys, type ConversationFilter } from "./keys";
import { Ledger, type ConversationRow } from "./ledger";
import { changeEntries, messageEntry, placeEntries, type EntryChange, type ThreadData } from "./thread-entries";
import type { Indicator, Message } from "./types";

export type Patch = (row: ConversationRow) => ConversationRow;

/** A row that is not known as a whole: what the answer to a viewing lease says. */
export type PartOfRow = Pick<ConversationRow, "id" | "version"> & Partial<ConversationRow>;

export type LiveChange =
  | { type: "conversation"; row: ConversationRow }
  | { type: "message"; version: number; message: Message }
  | { type: "entry"; change: EntryChange }
  | { type: "indicator"; indicator: Indicator };

/** A settled click whose part in the figures no indicator of the server contains yet. */
interface Ahead {
  version: number;
  at: number;
  delta: Figures;
  /** The event of the row has come; the indicator of the same reading comes with it. */
  told: boolean;
}

/** The figures that a click changes at once. */
type Figures = Pick<Indicator, "unread_messages" | "unread_conversations" | "open_conversations">;

const NOTHING: Figures = { unread_messages: 0, unread_conversations: 0, open_conversations: 0 };
/** Lists that a row alone does not decide are loaded again together. */
const RELOAD_MS = 500;

const writers = new WeakMap<QueryClient, CacheWriter>();

export function writerOf(client: QueryClient): CacheWriter {
  let writer = writers.get(client);
  if (!writer) writers.set(client, (writer = new CacheWriter(client)));
  return writer;
}

export class CacheWriter {
  private readonly ledger = new Ledger();
  private readonly overlays = new Map<string, Patch[]>();
  private readonly ahead = new Map<string, Ahead>();
  private readonly toReload = new Set<Query>();
  private reload: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {
    client.getQueryCache().subscribe(this.landed);
  }

  /** The time to give to what a request that starts now will bring. */
  now(): number {
    return this.ledger.now();
  }

  /** What is known of the conversation, as it is shown. */
  row(id: string): ConversationRow | undefined {
    const row = this.ledger.row(id);
    return row && this.shown(row);
  }

  /** Applies events, in one rendering. */
  apply(changes: readonly LiveChange[]): void {
    notifyManager.batch(() => {
      const rows = new Set<string>();
      const messages = new Map<string, Message[]>();
      for (const change of changes) {
        if (change.type === "conversation") {
          this.told(change.row);
          if (this.ledger.hearRow(change.row)) rows.add(change.row.id);
        } else if (change.type === "message") {
          const { message, version } = change;
          if (!this.ledger.hearMessage(message, version)) continue;
          messages.set(message.conversation_id, [...(messages.get(message.conversation_id) ?? []), message]);
        } else if (change.type === "entry") {
          this.hearEntry(change.change);
        } else {
          this.ledger.hearIndicator(change.indicator);
          for (const [id, { told }] of this.ahead) if (told) this.ahead.delete(id);
        }
      }
      this.showRows(rows);
      for (const [id, texts] of messages) this.showMessages(id, texts);
      this.showIndicator();
    });
  }

  /** An entry of a thread that is no message, as an event or the answer to a change tells it. */
  hearEntry(change: EntryChange): void {
    this.ledger.hearEntry(change);
    for (const query of this.queries(keys.thread(change.conversationId))) {
      this.write<ThreadData>(query, (window) => changeEntries(window, [change]));
    }
  }

  /** A message that the API has just accepted. */
  accept(message: Message): void {
    if (this.ledger.hearMessage(message, 0)) this.showMessages(message.conversation_id, [message]);
  }

  /** The row of an answer whose request started at `asOf`, or what is newer; as it is shown. */
  read<Row extends ConversationRow>(row: Row, asOf: number): Row {
    const newest = this.ledger.readRow(row, asOf);
    return { ...newest, ...this.shown(newest) };
  }

  readMessage(message: Message, asOf: number): Message {
    return this.ledger.readMessage(message, asOf);
  }

  readIndicator(indicator: Indicator, asOf: number): Indicator {
    this.ledger.readIndicator(indicator, asOf);
    for (const [id, { told, at }] of this.ahead) if (told || asOf >= at) this.ahead.delete(id);
    return this.indicator() ?? indicator;
  }

  /** Show the row as the click leaves it, at once. The returned function ends that, with the row of the answer, if any. */
  overlay(id: string, patch: Patch): (answer?: PartOfRow) => void {
    this.overlays.set(id, [...(this.overlays.get(id) ?? []), patch]);
    this.show(id);
    return (answer) => {
      const before = this.ledger.row(id);
      const others = this.overlays.get(id)?.filter((each) => each !== patch) ?? [];
      if (others.length > 0) this.overlays.set(id, others);
      else this.overlays.delete(id);
      if (answer) this.settle(before, answer);
      this.show(id);
    };
  }

  /** The answer to a click, whose overlay ends after it. */
  answered(row: ConversationRow): void {
    this.settle(this.ledger.row(row.id), row);
    this.show(row.id);
  }

  private settle(before: ConversationRow | undefined, answer: PartOfRow): void {
    if (before && answer.version < before.version) return;
    const row = { ...before, ...answer } as ConversationRow;
    if (!before && !("holders" in answer)) return;
    // With the same version the event was here first, and the indicator with it.
    const isAhead = before !== undefined && answer.version > before.version;
    this.ledger.hearRow(row);
    if (isAhead) this.ahead.set(row.id, { version: row.version, at: this.now(), delta: difference(before, row), told: false });
  }

  private told(row: ConversationRow): void {
    const ahead = this.ahead.get(row.id);
    if (ahead && row.version >= ahead.version) ahead.told = true;
  }

  private shown(row: ConversationRow): ConversationRow {
    return (this.overlays.get(row.id) ?? []).reduce((patched, patch) => patch(patched), row);
  }

  private show(id: string): void {
    notifyManager.batch(() => {
      this.showRows(new Set([id]));
      this.showIndicator();
    });
  }

  private showRows(ids: ReadonlySet<string>): void {
    const rows = [...ids].flatMap((id) => this.row(id) ?? []);
    if (rows.length === 0) return;
    for (const query of this.queries(keys.conversationLists)) {
      const filter = filterOf(query);
      this.write<ListData>(query, (data) => {
        const placed = rows.reduce((list, row) => this.place(query, list, filter, row), data);
        return placed === data ? data : asOf(placed, this.now());
      });
    }
    for (const row of rows) {
      for (const query of this.queries(keys.conversation(row.id))) this.write<ConversationRow>(query, (old) => ({ ...old, ...row }));
    }
  }

  private place(query: Query, data: ListData, filter: ConversationFilter, row: ConversationRow, at?: number): ListData {
    const placed = placeRow(data, filter, row, at);
    if (placed.undecided) this.reloadSoon(query);
    return placed.data;
  }

  private showMessages(conversationId: string, messages: readonly Message[]): void {
    for (const query of this.queries(keys.thread(conversationId))) {
      this.write<ThreadData>(query, (window) => placeEntries(window, messages.map((message) => messageEntry(message))));
    }
  }

  private showIndicator(): void {
    const indicator = this.indicator();
    if (!indicator) return;
    for (const query of this.queries(keys.indicator)) {
      this.write<Indicator>(query, (old) => (sameFigures(old, indicator) ? old : indicator));
    }
  }

  /** The server's figures, with what clicks have changed since. */
  private indicator(): Indicator | undefined {
    const told = this.ledger.indicator();
    if (!told) return undefined;
    const deltas = [...this.ahead.values()].map(({ delta }) => delta);
    for (const id of this.overlays.keys()) {
      const row = this.ledger.row(id);
      if (row) deltas.push(difference(row, this.shown(row)));
    }
    return { ...told, ...deltas.reduce(added, told) };
  }

  private queries(queryKey: readonly unknown[]): Query[] {
    return this.client.getQueryCache().findAll({ queryKey });
  }

  private write<Data>(query: Query, change: (data: Data) => Data): void {
    const { data, isInvalidated, dataUpdatedAt } = query.state;
    // It misses something that no event will bring, and is loaded before it is shown again.
    if (data === undefined || (isInvalidated && !query.isActive())) return;
    const changed = change(data as Data);
    if (changed === data) return;
    query.setData(changed, { manual: true, updatedAt: dataUpdatedAt });
    if (isInvalidated && query.state.fetchStatus === "idle") query.invalidate();
  }

  /** What has been fetched gets what came while it was under way. */
  private readonly landed = (event: QueryCacheNotifyEvent): void => {
    if (event.type !== "updated" || event.action.type !== "success" || event.action.manual) return;
    const query = event.query as Query;
    const [first, second] = query.queryKey;
    if (first === keys.conversationLists[0] && second === keys.conversationLists[1]) this.arrangeList(query);
    else if (first === keys.threads[0]) this.arrangeThread(query);
  };

  private arrangeList(query: Query): void {
    const filter = filterOf(query);
    this.write<ListData>(query, (data) => {
      let list: ListData = {
        ...data,
        pages: data.pages.map((page) => ({ ...page, items: page.items.map((row) => this.read(row, page.asOf)) })),
      };
      for (const { row, at } of this.ledger.rowsSince(Math.min(...data.pages.map((page) => page.asOf)))) {
        list = this.place(query, list, filter, this.shown(row), at);
      }
      for (const id of this.overlays.keys()) {
        const row = this.row(id);
        if (row) list = this.place(query, list, filter, row);
      }
      return asOf(list, this.now());
    });
  }

  private arrangeThread(query: Query): void {
    const conversationId = String(query.queryKey[1]);
    this.write<ThreadData>(query, (window) => {
      return { ...this.withLater(window, conversationId, window.asOf), asOf: this.now() };
    });
  }

  /** The thread, whose newest page has been added by a request that started at `since`, gets what came meanwhile. */
  completeThread(conversationId: string, queryKey: readonly unknown[], since: number): void {
    for (const query of this.queries(queryKey)) this.write<ThreadData>(query, (window) => this.withLater(window, conversationId, since));
  }

  private withLater(window: ThreadData, conversationId: string, since: number): ThreadData {
    const texts = this.ledger.messagesSince(conversationId, since).map((message) => messageEntry(message));
    return changeEntries(placeEntries(window, texts), this.ledger.entriesSince(conversationId, since));
  }

  private reloadSoon(query: Query): void {
    this.toReload.add(query);
    this.reload ??= setTimeout(() => {
      this.reload = undefined;
      const queries = [...this.toReload];
      this.toReload.clear();
      for (const { queryKey } of queries) void this.client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
    }, RELOAD_MS);
  }
}

function filterOf(query: Query): ConversationFilter {
  return query.queryKey[2] as ConversationFilter;
}

function figuresOf(row: ConversationRow): Figures {
  if (row.status === "unread") return { ...NOTHING, unread_messages: row.unread_messages, unread_conversations: 1 };
  return row.status === "open" && !isInLater(row) ? { ...NOTHING, open_conversations: 1 } : NOTHING;
}

function difference(before: ConversationRow, after: ConversationRow): Figures {
  const [old, now] = [figuresOf(before), figuresOf(after)];
  return {
    unread_messages: now.unread_messages - old.unread_messages,
    unread_conversations: now.unread_conversations - old.unread_conversations,
    open_conversations: now.open_conversations - old.open_conversations,
  };
}

function added(a: Figures, b: Figures): Figures {
  return {
    unread_messages: Math.max(0, a.unread_messages + b.unread_messages),
    unread_conversations: Math.max(0, a.unread_conversations + b.unread_conversations),
    open_conversations: Math.max(0, a.open_conversations + b.open_conversations),
  };
}

function sameFigures(a: Indicator, b: Indicator): boolean {
  return (Object.keys(b) as (keyof Indicator)[]).every((name) => a[name] === b[name]);
}
