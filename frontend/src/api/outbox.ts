/**
 * What a person has done and the API has not answered yet: texts, and closing or reopening a conversation. Each is a record of
 * its own under its Idempotency-Key, from the moment of the click until the API has answered, so neither a reload nor a lost
 * connection loses it or does it twice (SEND-ONCE). All tabs of a person show the same records; one tab at a time sends those
 * of a conversation, in their order, and any other goes on when it is closed.
 *
 * No answer means try again under the same key; a refusal keeps the text and says why, and the texts behind it wait.
 */
import {
  countByConversation, describeItems, isText, isTooOld, isWithdrawable, judgeError, KEY_REMEMBERED_MS, legacyKeyOf, MOST_ITEMS, nextToSend,
  type Act, type OutboxItem, type PendingCounts, type PendingItem, type PendingState, type TextAct, type TextPayload,
} from "./outbox-items";
import { withLock } from "./outbox-locks";
import { OutboxStore } from "./outbox-store";
import { ProblemError, type Problem } from "./problem";
import type { Message } from "./types";
import { readStored } from "@/lib/storage";

export interface OutboxOptions {
  /** Whose items: see `ownerKey`. */
  owner: string;
  /** Asks the API once. Returns the message of a text, null for any other act. */
  carryOut: (item: OutboxItem) => Promise<Message | null>;
  /** Called in every tab. */
  onAccepted: (item: OutboxItem, message: Message | null) => void;
  onRefused?: (item: OutboxItem, problem: Problem) => void;
  /** An item needs a sign-in before it can go. */
  onSignedOut?: () => void;
  /** Runs `tell` with the other changes of the screen, so that a message and its pending text change places at once. */
  schedule?: (tell: () => void) => void;
}

/** What tabs tell each other. */
type Note = { type: "changed" } | { type: "accepted"; item: OutboxItem; message: Message | null };

interface Waiter {
  resolve: (message: Message | null) => void;
  reject: (error: unknown) => void;
}

/** The act was taken back before it was requested. */
export class WithdrawnError extends Error {
  override readonly name = "WithdrawnError";
}

interface Snapshot {
  items: readonly PendingItem[];
  counts: ReadonlyMap<string, PendingCounts>;
}

export class Outbox {
  private items: readonly OutboxItem[] = [];
  private snapshot: Snapshot = { items: [], counts: new Map() };
  private readonly store: OutboxStore;
  private readonly listeners = new Set<() => void>();
  private readonly inFlight = new Set<string>();
  private readonly pumps = new Map<string, { again: boolean; now: boolean }>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly waiters = new Map<string, Waiter>();
  private channel: BroadcastChannel | null = null;
  private stopped = false;
  /** Grows with each change of `items` here, so that an older reading of the store does not undo it. */
  private changes = 0;
  /** Keys of items that are done: a reading of the store that began before their deletion does not bring them back. */
  private readonly done = new Set<string>();

  constructor(private readonly options: OutboxOptions) {
    this.store = new OutboxStore(options.owner);
  }

  /** Takes up what an earlier page left behind, and listens for the network and for the other tabs. */
  start(): void {
    this.stopped = false;
    this.channel = new BroadcastChannel(`messenger-outbox:${this.options.owner}`);
    this.channel.onmessage = (event: MessageEvent<Note>) => void this.hear(event.data);
    window.addEventListener("online", this.resume);
    window.addEventListener("beforeunload", this.warnBeforeLoss);
    void this.takeUp();
  }

  stop(): void {
    this.stopped = true;
    this.channel?.close();
    this.channel = null;
    window.removeEventListener("online", this.resume);
    window.removeEventListener("beforeunload", this.warnBeforeLoss);
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  all = (): readonly PendingItem[] => this.snapshot.items;

  /** The texts that have not gone, by conversation. The same map until something changes. */
  counts = (): ReadonlyMap<string, PendingCounts> => this.snapshot.counts;

  /** False if too much waits already: the text stays with its writer. */
  sendText(conversationId: string, text: TextPayload): boolean {
    if (this.items.length >= MOST_ITEMS) return false;
    this.add(conversationId, { kind: "text", text });
    return true;
  }

  /**
   * Closes or reopens a conversation, or sends the first text to a number, with the guarantees of a text. Resolves to the message of a first text. Settles when the API has answered, which may be after a lost
   * connection; rejects with its `ProblemError`. Reopening takes back a close that has not been requested yet, which rejects with
   * `WithdrawnError`.
   */
  async perform(conversationId: string, act: Exclude<Act, TextAct>): Promise<Message | null> {
    const undone = act.kind === "reopen" && this.items.findLast((item) => item.conversationId === conversationId && item.act.kind === "close");
    if (undone && (await this.remove(undone.key))) return null;
    const item = this.add(conversationId, act);
    return new Promise((resolve, reject) => this.waiters.set(item.key, { resolve, reject }));
  }

  /**
   * Sends a refused text whatever has come since. A refusal was definite, so this is a new request; one that was too old
   * goes under its first key as long as the server remembers it, since nobody knows what became of it.
   */
  async sendAnyway(key: string): Promise<void> {
    const item = this.items.find((candidate) => candidate.key === key);
    if (!item?.refusal || !isText(item)) return;
    const isSameRequest = item.refusal.reason === "too_old" && Date.now() - Date.parse(item.createdAt) < KEY_REMEMBERED_MS;
    const taken = await this.takeOut(key);
    if (!taken) return;
    const text = isSameRequest ? item.act.text : { ...item.act.text, seenSeq: null };
    await this.insert({
      ...item, key: isSameRequest ? key : crypto.randomUUID(), createdAt: new Date().toISOString(), act: { kind: "text", text },
      attempts: isSameRequest ? item.attempts : 0, waits: null, refusal: null, revision: item.revision + 2,
    });
    this.wake(item.conversationId);
  }

  /** Lets a text go before the refused one in front of it. */
  async sendFirst(key: string): Promise<void> {
    await this.change(key, (item) => ({ ...item, goesFirst: true }));
    const item = this.items.find((candidate) => candidate.key === key);
    if (item) this.wake(item.conversationId);
  }

  /** Takes an item out, for the composer or for good. Undefined if it may have gone: then it stays. */
  async remove(key: string): Promise<OutboxItem | undefined> {
    const item = await this.takeOut(key);
    if (!item) return undefined;
    this.settle(key, (waiter) => waiter.reject(new WithdrawnError("Taken back")));
    this.tell({ type: "changed" });
    this.wake(item.conversationId);
    return item;
  }

  /** A message that came by another way than the answer to its request: that answer was lost, or is slower. */
  recognize(messages: readonly Message[]): void {
    if (this.items.length === 0) return;
    const byKey = new Map(this.items.map((item) => [item.key, item]));
    for (const message of messages) {
      const item = byKey.get(message.client_key ?? "");
      if (item) void this.finish(item, message);
    }
  }

  /** Tries everything that waits, now: the network is back, or somebody has signed in again. */
  resume = (): void => {
    for (const conversationId of this.conversations()) this.wake(conversationId, { now: true });
  };

  private async takeUp(): Promise<void> {
    const { owner } = this.options;
    await this.store.deleteOld(Date.now());
    // Few browsers still hold texts of that version.
    if (readStored(legacyKeyOf(owner)) !== null) await (await import("./outbox-legacy")).importLegacyTexts(owner, this.store);
    await this.reload();
    this.resume();
  }

  private async hear(note: Note): Promise<void> {
    if (note.type === "accepted") {
      const { item, message } = note;
      this.forget(item.key);
      this.settle(item.key, (waiter) => waiter.resolve(message));
      this.options.onAccepted(item, message);
    }
    await this.reload();
    await this.settleElsewhere();
    for (const conversationId of this.conversations()) this.wake(conversationId);
  }

  /** Another tab may have carried out what was asked for here. */
  private async settleElsewhere(): Promise<void> {
    for (const key of [...this.waiters.keys()]) {
      const item = this.items.find((candidate) => candidate.key === key);
      if (!item) this.settle(key, (waiter) => waiter.resolve(null));
      else if (item.refusal?.reason === "problem") {
        const error = new ProblemError(item.refusal.problem);
        await this.store.remove(key);
        this.forget(key);
        this.settle(key, (waiter) => waiter.reject(error));
      }
    }
  }

  private tell(note: Note): void {
    this.channel?.postMessage(note);
  }

  private readonly warnBeforeLoss = (event: BeforeUnloadEvent): void => {
    if (this.snapshot.items.some((item) => !item.stored)) event.preventDefault();
  };

  private conversations(): Set<string> {
    return new Set(this.items.map((item) => item.conversationId));
  }

  private add(conversationId: string, act: Act): OutboxItem {
    const order = Math.max(Date.now(), (this.items.at(-1)?.order ?? 0) + 1);
    const item: OutboxItem = {
      key: crypto.randomUUID(), owner: this.options.owner, conversationId, order, createdAt: new Date().toISOString(), act,
      attempts: 0, waits: null, refusal: null, goesFirst: false, revision: 0,
    };
    void this.insert(item).then(() => this.wake(conversationId));
    return item;
  }

  private async insert(item: OutboxItem): Promise<void> {
    this.done.delete(item.key);
    const stored = this.store.add(item);
    this.show([...this.items, item].sort((a, b) => a.order - b.order));
    await stored;
    this.show(this.items);
    this.tell({ type: "changed" });
  }

  /** Under the lock: no tab requests it meanwhile. */
  private async takeOut(key: string): Promise<OutboxItem | undefined> {
    const conversationId = this.items.find((item) => item.key === key)?.conversationId;
    if (conversationId === undefined) return undefined;
    return this.locked(conversationId, async () => {
      const found: OutboxItem[] = [];
      const left = await this.store.change(key, (item) => {
        found.push(item);
        return isWithdrawable(item) ? null : item;
      });
      if (left !== null) {
        await this.reload();
        return undefined;
      }
      this.forget(key);
      return found.at(-1);
    });
  }

  private async change(key: string, decide: (item: OutboxItem) => OutboxItem): Promise<OutboxItem | null | undefined> {
    const changed = await this.store.change(key, decide);
    this.show(this.items.flatMap((item) => (item.key === key ? (changed ?? []) : item)));
    this.tell({ type: "changed" });
    return changed;
  }

  private locked<T>(conversationId: string, action: () => Promise<T>): Promise<T> {
    return withLock(`messenger-outbox:${this.options.owner}:${conversationId}`, action);
  }

  /** Sends what is due of a conversation. `now` tries also what waits for its next time. */
  private wake(conversationId: string, { now = false } = {}): void {
    const running = this.pumps.get(conversationId);
    if (running) {
      running.again = true;
      running.now ||= now;
    } else {
      void this.pump(conversationId, now);
    }
  }

  private async pump(conversationId: string, now: boolean): Promise<void> {
    const run = { again: true, now };
    this.pumps.set(conversationId, run);
    try {
      while (run.again && !this.stopped) {
        run.again = false;
        const isNow = run.now;
        run.now = false;
        if (await this.locked(conversationId, () => this.sendNext(conversationId, isNow))) run.again = true;
      }
    } finally {
      this.pumps.delete(conversationId);
    }
  }

  /** True when the next item may follow. */
  private async sendNext(conversationId: string, now: boolean): Promise<boolean> {
    await this.reload();
    const next = nextToSend(this.items.filter((item) => item.conversationId === conversationId));
    if (!next || this.stopped) return false;
    if (isTooOld(next, Date.now())) {
      await this.change(next.key, (item) => ({ ...item, waits: null, refusal: { reason: "too_old" } }));
      return true;
    }
    const until = next.waits ? (next.waits.until ?? Infinity) : 0;
    if (!now && until > Date.now()) {
      this.wakeAt(conversationId, until);
      return false;
    }
    return this.request(next);
  }

  private async request(next: OutboxItem): Promise<boolean> {
    this.inFlight.add(next.key);
    const item = await this.change(next.key, (stored) => ({ ...stored, attempts: stored.attempts + 1 }));
    if (!item) {
      this.inFlight.delete(next.key);
      return true;
    }
    try {
      const message = await this.options.carryOut(item);
      this.inFlight.delete(item.key);
      await this.accept(item, message);
      return true;
    } catch (error) {
      this.inFlight.delete(item.key);
      return await this.fail(item, error);
    }
  }

  private async accept(item: OutboxItem, message: Message | null): Promise<void> {
    const finished = this.finish(item, message);
    this.options.onAccepted(item, message);
    await finished;
  }

  private async finish(item: OutboxItem, message: Message | null): Promise<void> {
    this.forget(item.key);
    this.settle(item.key, (waiter) => waiter.resolve(message));
    await this.store.remove(item.key);
    if (message) await this.seeOwnText(message);
    this.show(this.items);
    this.tell({ type: "accepted", item, message });
  }

  /** The person's own text counts as seen by the texts after it. */
  private async seeOwnText(message: Message): Promise<void> {
    const followers = this.items.filter((item) => item.conversationId === message.conversation_id).filter(isText);
    for (const { key, act } of followers) {
      if (act.text.seenSeq !== message.seq - 1) continue;
      await this.change(key, (item) => (isText(item) ? { ...item, act: { kind: "text", text: { ...item.act.text, seenSeq: message.seq } } } : item));
    }
  }

  private async fail(item: OutboxItem, error: unknown): Promise<boolean> {
    const judged = judgeError(error, item.attempts, Date.now());
    if ("waits" in judged) {
      const { waits } = judged;
      if (waits.until !== null) this.wakeAt(item.conversationId, waits.until);
      const changed = await this.change(item.key, (stored) => ({ ...stored, waits }));
      if (waits.cause === "signed_out") this.options.onSignedOut?.();
      // Recognized meanwhile: the next one may follow.
      return !changed;
    }
    const problem = judged.refusal;
    if (this.waiters.has(item.key)) {
      await this.store.remove(item.key);
      this.forget(item.key);
      this.tell({ type: "changed" });
      this.settle(item.key, (waiter) => waiter.reject(error));
    } else {
      await this.change(item.key, (stored) => ({ ...stored, waits: null, refusal: { reason: "problem", problem } }));
    }
    this.options.onRefused?.(item, problem);
    return true;
  }

  private forget(key: string): void {
    this.done.add(key);
    this.show(this.items.filter((item) => item.key !== key));
  }

  private settle(key: string, how: (waiter: Waiter) => void): void {
    const waiter = this.waiters.get(key);
    this.waiters.delete(key);
    if (waiter) how(waiter);
  }

  private wakeAt(conversationId: string, until: number): void {
    clearTimeout(this.timers.get(conversationId));
    this.timers.delete(conversationId);
    if (this.stopped || until === Infinity) return;
    const timer = setTimeout(() => this.wake(conversationId), Math.max(0, until - Date.now()) + 1);
    this.timers.set(conversationId, timer);
  }

  /** Reads what the store holds, unless something changed here meanwhile: then again. */
  private async reload(): Promise<void> {
    for (;;) {
      const before = this.changes;
      const items = await this.store.load();
      if (before !== this.changes) continue;
      this.show(items.filter((item) => !this.done.has(item.key)));
      return;
    }
  }

  private show(items: readonly OutboxItem[]): void {
    this.items = items;
    this.changes += 1;
    const snapshot = describe(items, this.inFlight, this.store);
    if (JSON.stringify(snapshot.items) === JSON.stringify(this.snapshot.items)) return;
    this.snapshot = snapshot;
    const tell = () => {
      for (const listener of this.listeners) listener();
    };
    if (this.options.schedule) this.options.schedule(tell);
    else tell();
  }
}

function describe(items: readonly OutboxItem[], inFlight: ReadonlySet<string>, store: OutboxStore): Snapshot {
  const states = new Map<string, PendingState>();
  for (const conversationId of new Set(items.map((item) => item.conversationId))) {
    const group = items.filter((item) => item.conversationId === conversationId);
    describeItems(group, inFlight).forEach((state, index) => states.set(group[index]?.key ?? "", state));
  }
  const shown = items.flatMap(({ key, conversationId, createdAt, act }): PendingItem[] => {
    const state = states.get(key);
    return state ? [{ key, conversationId, createdAt, act, state, stored: store.isStored(key) }] : [];
  });
  return { items: shown, counts: countByConversation(shown) };
}
