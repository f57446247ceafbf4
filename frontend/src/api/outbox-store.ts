/**
 * Where the items of an outbox are kept: one record each in IndexedDB. A record stands in local storage until IndexedDB has
 * it, so that it is safe from the moment of pressing Send; it stays there where IndexedDB is missing or full. What neither takes
 * is kept in memory and reported by `isStored`.
 */
import { createStore, promisifyRequest, type UseStore } from "idb-keyval";

import { KEPT_MS, type OutboxItem } from "./outbox-items";
import { removeStored, storedKeys } from "@/lib/storage";

const DATABASE = "messenger-outbox";
const TABLE = "items";

export class OutboxStore {
  private readonly database: UseStore = createStore(DATABASE, TABLE);
  private readonly memory = new Map<string, OutboxItem>();
  private readonly prefix: string;

  constructor(private readonly owner: string) {
    this.prefix = slotPrefix(owner);
  }

  /** The owner's items, by `order`. */
  async load(): Promise<OutboxItem[]> {
    // First what is on its way into the database, so that nothing falls in between.
    const copies = [...this.memory.values(), ...this.readSlots()];
    const ofOwner = keyRangeOf(this.owner);
    const stored = ofOwner
      ? await this.inDatabase("readonly", (table) => promisifyRequest<OutboxItem[]>(table.getAll(ofOwner))).catch(() => [])
      : [];
    const items = new Map<string, OutboxItem>();
    for (const item of [...stored.filter(isItem), ...copies]) {
      if (item.revision >= (items.get(item.key)?.revision ?? -1)) items.set(item.key, item);
    }
    return [...items.values()].sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1));
  }

  /** Keeps a new item. It is in local storage when this returns, and in the database when the promise settles. */
  async add(item: OutboxItem): Promise<void> {
    this.writeSlot(item);
    await this.move(item);
  }

  /** Changes an item as it is stored now, and returns what it became. Null removes it. Undefined if it is gone. */
  async change(key: string, decide: (item: OutboxItem) => OutboxItem | null): Promise<OutboxItem | null | undefined> {
    const outside = this.memory.get(key) ?? this.readSlot(key);
    const decideOn = (stored: OutboxItem | undefined) => {
      const item = stored && outside ? (stored.revision > outside.revision ? stored : outside) : (stored ?? outside);
      if (!item) return undefined;
      const next = decide(item);
      return next && next !== item ? { ...next, revision: item.revision + 1 } : next;
    };
    let next: OutboxItem | null | undefined;
    try {
      next = await this.inDatabase("readwrite", (table) => changeRecord(table, [this.owner, key], decideOn));
      this.forgetCopies(key);
    } catch {
      next = decideOn(undefined);
      if (next) this.writeSlot(next);
      else this.forgetCopies(key);
    }
    return next;
  }

  async remove(key: string): Promise<void> {
    await this.change(key, () => null);
  }

  /** False for an item that only this tab's memory holds. */
  isStored(key: string): boolean {
    return !this.memory.has(key);
  }

  /** Deletes what nobody came back for, whosever it is. */
  async deleteOld(now: number): Promise<void> {
    const isOld = (item: OutboxItem) => !isItem(item) || now - Date.parse(item.createdAt) > KEPT_MS;
    for (const key of storedKeys().filter((each) => each.includes(SLOT))) {
      const item = parseItem(window.localStorage.getItem(key));
      if (!item || isOld(item)) removeStored(key);
    }
    await this.inDatabase("readwrite", async (table) => {
      const [keys, items] = await Promise.all([promisifyRequest(table.getAllKeys()), promisifyRequest<OutboxItem[]>(table.getAll())]);
      keys.forEach((key, index) => {
        const item = items[index];
        if (item && isOld(item)) table.delete(key);
      });
    }).catch(() => undefined);
  }

  private async move(item: OutboxItem): Promise<void> {
    try {
      await this.inDatabase("readwrite", (table) => {
        table.put(item, [this.owner, item.key]);
        return promisifyRequest(table.transaction);
      });
      this.forgetCopies(item.key);
    } catch {
      // It stays in local storage or in memory.
    }
  }

  /** A browser without IndexedDB throws at once; here it rejects. */
  private async inDatabase<T>(mode: IDBTransactionMode, use: (table: IDBObjectStore) => T | PromiseLike<T>): Promise<T> {
    return await this.database(mode, use);
  }

  private readSlots(): OutboxItem[] {
    return storedKeys()
      .filter((key) => key.startsWith(this.prefix))
      .map((key) => this.readSlot(key.slice(this.prefix.length)))
      .filter((item) => item !== undefined);
  }

  private readSlot(key: string): OutboxItem | undefined {
    try {
      const item = parseItem(window.localStorage.getItem(this.prefix + key));
      return item?.owner === this.owner ? item : undefined;
    } catch {
      return undefined;
    }
  }

  private writeSlot(item: OutboxItem): void {
    this.memory.set(item.key, item);
    try {
      window.localStorage.setItem(this.prefix + item.key, JSON.stringify(item));
      this.memory.delete(item.key);
    } catch {
      // Memory has it.
    }
  }

  private forgetCopies(key: string): void {
    this.memory.delete(key);
    removeStored(this.prefix + key);
  }
}

const SLOT = ":outbox-item:";

function slotPrefix(owner: string): string {
  return `messenger:${owner}${SLOT}`;
}

/** The keys [owner, …] of the table; null where the browser has no IndexedDB. */
function keyRangeOf(owner: string): IDBKeyRange | null {
  return typeof IDBKeyRange === "undefined" ? null : IDBKeyRange.bound([owner], [owner, []]);
}

/** Reads, decides and writes in one transaction. */
function changeRecord(
  table: IDBObjectStore,
  id: IDBValidKey,
  decide: (stored: OutboxItem | undefined) => OutboxItem | null | undefined,
): Promise<OutboxItem | null | undefined> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(error instanceof Error ? error : new Error("The database refused", { cause: error }));
    const { transaction } = table;
    const read = table.get(id) as IDBRequest<OutboxItem | undefined>;
    read.onsuccess = () => {
      const next = decide(read.result);
      if (next) table.put(next, id);
      else if (next === null) table.delete(id);
      transaction.oncomplete = () => resolve(next);
    };
    transaction.onerror = transaction.onabort = () => failed(transaction.error);
  });
}

function parseItem(stored: string | null): OutboxItem | null {
  if (stored === null) return null;
  try {
    const item: unknown = JSON.parse(stored);
    return isItem(item) ? item : null;
  } catch {
    return null;
  }
}

function isItem(value: unknown): value is OutboxItem {
  const item = value as Partial<OutboxItem> | null;
  return (
    typeof item?.key === "string" &&
    typeof item.owner === "string" &&
    typeof item.conversationId === "string" &&
    typeof item.order === "number" &&
    typeof item.act?.kind === "string" &&
    typeof item.revision === "number"
  );
}
