/**
 * The newest that is known of each conversation and message, whichever answer or event brought it.
 *
 * Each answer carries a time of this page's clock: when its request started. Each event gets the next time when it comes.
 * An answer whose request started after an event has read what the event told, or something newer. Of an answer whose
 * request started before, the version decides: only a higher one is newer. So no answer overwrites what came meanwhile.
 */
import type { EntryChange } from "./thread-entries";
import type { Conversation, ConversationDetail, Indicator, Message } from "./types";

export type ConversationRow = Conversation & Partial<Omit<ConversationDetail, keyof Conversation>>;

interface Known<Value> {
  value: Value;
  version: number;
  /** This page's time: when the event came, or when the request started. */
  at: number;
}

/** More than a page shows in a day. The oldest are forgotten first. */
const MOST = 12_000;

export class Ledger {
  private clock = 0;
  private readonly rows = new Map<string, Known<ConversationRow>>();
  private readonly messages = new Map<string, Known<Message>>();
  private readonly entries = new Map<string, Known<EntryChange>>();
  private counts: { value: Indicator; at: number } | null = null;

  /** The time to give to a request that starts now. */
  now(): number {
    return this.clock;
  }

  row(id: string): ConversationRow | undefined {
    return this.rows.get(id)?.value;
  }

  /** Whether the row, which an event or the answer to a change brought, is as new as what is known. */
  hearRow(row: ConversationRow): boolean {
    const known = this.rows.get(row.id);
    if (known && row.version < known.version) return false;
    this.keep(this.rows, row.id, { value: row, version: row.version, at: ++this.clock });
    return true;
  }

  /** The newest of this row, which a request brought that started at `asOf`, and what is known. */
  readRow<Row extends ConversationRow>(row: Row, asOf: number): Row {
    const known = this.rows.get(row.id);
    if (known && asOf < known.at && row.version <= known.version) return { ...row, ...known.value };
    this.keep(this.rows, row.id, { value: row, version: row.version, at: Math.max(asOf, known?.at ?? 0) });
    return row;
  }

  /** The rows that were heard of after `asOf`, with their times. */
  rowsSince(asOf: number): { row: ConversationRow; at: number }[] {
    return [...this.rows.values()].filter(({ at }) => at > asOf).map(({ value, at }) => ({ row: value, at }));
  }

  hearMessage(message: Message, version: number): boolean {
    const known = this.messages.get(message.id);
    if (known && version < known.version) return false;
    this.keep(this.messages, message.id, { value: message, version, at: ++this.clock });
    return true;
  }

  /** The newest of this message, which a request brought that started at `asOf`, and what an event told. */
  readMessage(message: Message, asOf: number): Message {
    const known = this.messages.get(message.id);
    return known && asOf < known.at ? known.value : message;
  }

  messagesSince(conversationId: string, asOf: number): Message[] {
    return [...this.messages.values()].filter(({ value, at }) => at > asOf && value.conversation_id === conversationId).map(({ value }) => value);
  }

  /** Events of entries come in the order in which they were read. */
  hearEntry(change: EntryChange): void {
    const at = ++this.clock;
    this.keep(this.entries, `${change.kind} ${change.id}`, { value: change, version: at, at });
  }

  entriesSince(conversationId: string, asOf: number): EntryChange[] {
    return [...this.entries.values()].filter(({ value, at }) => at > asOf && value.conversationId === conversationId).map(({ value }) => value);
  }

  hearIndicator(value: Indicator): void {
    this.counts = { value, at: ++this.clock };
  }

  readIndicator(value: Indicator, asOf: number): void {
    if (!this.counts || asOf >= this.counts.at) this.counts = { value, at: asOf };
  }

  indicator(): Indicator | undefined {
    return this.counts?.value;
  }

  private keep<Value>(known: Map<string, Known<Value>>, id: string, entry: Known<Value>): void {
    known.delete(id);
    known.set(id, entry);
    if (known.size > MOST) for (const oldest of [...known.keys()].slice(0, MOST / 10)) known.delete(oldest);
  }
}
