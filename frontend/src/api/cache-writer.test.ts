import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { writerOf, type CacheWriter, type LiveChange } from "./cache-writer";
import { listPage, placeRow, type ListData } from "./conversation-lists";
import { keys, type ConversationFilter } from "./keys";
import { itemEntry, messageEntry, type ThreadData } from "./thread-entries";
import type { Conversation, ConversationDetail, Indicator } from "./types";
import { aConversation, aHolder, aMessage } from "@/testing/builders";
import { aNote, aScheduledText } from "@/testing/notes-world";

const COUNTS: Indicator = { unread_messages: 3, unread_conversations: 2, open_conversations: 4, not_sent_conversations: 0, mine_conversations: 0, unassigned_conversations: 0, later_conversations: 0 };

/** A row of conversation `n`, which was written to at minute `minute`. */
function row(n: number, minute: number, fields: Partial<ConversationDetail> = {}): ConversationDetail {
  const last_message_at = `2026-11-23T18:${String(minute).padStart(2, "0")}:00Z`;
  return aConversation({ id: `conversation-${n}`, last_message_at, ...fields });
}

function text(conversationId: string, seq: number, body = `${seq}`) {
  return aMessage({ id: `message-${seq}`, conversation_id: conversationId, seq, body });
}

/** The same generator for each seed, so that a failure can be repeated. */
function randomOf(seed: number) {
  let state = seed + 1;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

function shuffled<Item>(items: readonly Item[], random: (below: number) => number): Item[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0] as Item);
}

describe("the cache writer", () => {
  let client: QueryClient;
  let writer: CacheWriter;

  beforeEach(() => {
    client = new QueryClient();
    writer = writerOf(client);
  });
  afterEach(() => client.clear());

  const list = (filter: ConversationFilter = {}) => client.getQueryData<ListData>(keys.conversationList(filter));
  const ids = (filter: ConversationFilter = {}) => list(filter)?.pages.flatMap((page) => page.items.map((item) => item.id));
  const texts = (id: string) => client.getQueryData<ThreadData>(keys.threadFrom(id, null))?.entries.map((entry) => (entry.kind === "message" ? entry.message.body : entry.kind));
  const hear = (...changes: LiveChange[]) => writer.apply(changes);
  const heard = (conversation: ConversationDetail): LiveChange => ({ type: "conversation", row: conversation });

  /** What a request answers that started now; `answer` is called when it does. */
  function request(queryKey: readonly unknown[], answered: (asOf: number) => unknown) {
    const asOf = writer.now();
    let answer: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (answer = resolve));
    const done = client.query({ queryKey, queryFn: () => waiting.then(() => answered(asOf)), staleTime: 0 });
    return async () => {
      answer();
      await done;
    };
  }

  function loadList(filter: ConversationFilter, rows: Conversation[], next_cursor: string | null = null): () => Promise<void> {
    return request(keys.conversationList(filter), (asOf): ListData => ({ pages: [listPage({ items: rows, next_cursor }, asOf)], pageParams: [null] }));
  }

  function loadThread(id: string, seqs: number[]): () => Promise<void> {
    return request(keys.threadFrom(id, null), (asOf): ThreadData => ({ entries: seqs.map((seq) => messageEntry(text(id, seq))), hasOlder: false, hasNewer: false, asOf }));
  }

  it("puts a row in its place in every list, takes it out where it does not belong, and never has it twice", async () => {
    await loadList({}, [row(1, 3), row(2, 2), row(3, 1)])();
    await loadList({ status: "open" }, [row(1, 3), row(2, 2), row(3, 1)])();
    await loadList({ status: "unread" }, [])();
    hear(heard(row(3, 9, { version: 2, status: "unread", unread_messages: 1 })));
    expect(ids()).toEqual(["conversation-3", "conversation-1", "conversation-2"]);
    expect(ids({ status: "open" })).toEqual(["conversation-1", "conversation-2"]);
    expect(ids({ status: "unread" })).toEqual(["conversation-3"]);
  });

  it("any order of the same events ends in the same caches, and an older version never wins", async () => {
    const statuses = ["unread", "open", "closed"] as const;
    for (let seed = 0; seed < 60; seed += 1) {
      const random = randomOf(seed);
      const events: LiveChange[] = [];
      for (let version = 2; version < 14; version += 1) {
        for (const n of [1, 2, 3, 4]) events.push(heard(row(n, 10 + random(30), { version, status: statuses[random(3)] ?? "open", display_name: `${version}` })));
        events.push({ type: "message", version, message: text("conversation-1", 3 + random(6), `of version ${version}`) });
      }
      // Messages of one id come with growing versions, as a conversation's do.
      const ends = [];
      for (let order = 0; order < 3; order += 1) {
        client.clear();
        client = new QueryClient();
        writer = writerOf(client);
        for (const status of statuses) await loadList({ status }, status === "open" ? [row(1, 3), row(2, 2)] : [])();
        await loadList({}, [row(1, 3), row(2, 2)], "more")();
        await loadThread("conversation-1", [1, 2])();
        for (const event of shuffled(events, random)) hear(event);
        ends.push({ lists: [{}, ...statuses.map((status) => ({ status }))].map((filter) => list(filter)?.pages.map(({ items }) => items.map((item) => [item.id, item.version, item.display_name]))), texts: texts("conversation-1") });
      }
      expect(ends[1], `seed ${seed}`).toEqual(ends[0]);
      expect(ends[2], `seed ${seed}`).toEqual(ends[0]);
      expect(ends[0]?.lists[0]?.flat().every(([, version]) => version === 13)).toBe(true);
    }
  });

  it("entries of a thread stand where the API says, move with a change, and go; a scheduled text becomes its message", async () => {
    await loadThread("conversation-1", [1, 2])();
    const [conversationId, kind, id] = ["conversation-1", "scheduled_text", "message-3"] as const;
    const noteAt = (position: string): LiveChange => {
      const note = aNote({ id: "note-1", conversation_id: conversationId });
      return { type: "entry", change: { conversationId, kind: "note", id: note.id, entry: itemEntry({ kind: "note", position, note }) } };
    };
    const scheduledAt = (position: string): LiveChange => {
      const scheduled_text = aScheduledText({ id, conversation_id: conversationId });
      return { type: "entry", change: { conversationId, kind, id, entry: itemEntry({ kind, position, scheduled_text }) } };
    };
    hear(scheduledAt("9999999999-1"), noteAt("0000000001-000000000004-1"));
    expect(texts(conversationId)).toEqual(["1", "note", "2", "scheduled_text"]);
    // Rescheduled: it has another place, and stands once.
    hear(scheduledAt("9999999999-2"), noteAt("0000000001-000000000004-1"));
    expect(texts(conversationId)).toEqual(["1", "note", "2", "scheduled_text"]);
    // It leaves. Its end as a scheduled text takes nothing of the message, whichever is told first.
    hear({ type: "message", version: 2, message: text(conversationId, 3) });
    hear({ type: "entry", change: { conversationId, kind, id, entry: null } });
    expect(texts(conversationId)).toEqual(["1", "note", "2", "3"]);
  });

  it("an answer whose request started before an event does not overwrite what the event told", async () => {
    const answerList = loadList({ status: "unread" }, []);
    const answerThread = loadThread("conversation-1", [1]);
    const answerOpen = loadList({ status: "open" }, [row(1, 3)]);
    // Nothing is cached yet: this is the moment in which a thread is being opened.
    hear(heard(row(1, 9, { version: 2, status: "unread", unread_messages: 1 })), { type: "message", version: 2, message: text("conversation-1", 2) });
    await Promise.all([answerList(), answerThread(), answerOpen()]);
    expect(ids({ status: "unread" })).toEqual(["conversation-1"]);
    expect(ids({ status: "open" })).toEqual([]);
    expect(texts("conversation-1")).toEqual(["1", "2"]);
  });

  it("an answer whose request started after an event is newer, whatever the version of its rows", async () => {
    hear(heard(row(1, 9, { version: 7, display_name: "Before a backup was restored" })));
    await loadList({}, [row(1, 3, { version: 5, display_name: "After it" })])();
    expect(list()?.pages[0]?.items[0]?.display_name).toBe("After it");
  });

  it("a list that a row alone does not decide is loaded again, once for many events", async () => {
    vi.useFakeTimers();
    const family = aHolder();
    const key = keys.conversationList({ familyId: family.id });
    const queryFn = vi.fn((): ListData => ({ pages: [listPage({ items: [row(1, 3, { holders: [family] })], next_cursor: null }, writer.now())], pageParams: [null] }));
    const stop = new QueryObserver(client, { queryKey: key, queryFn, staleTime: Infinity }).subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    // The family may have been archived: its number stays on its page.
    for (let version = 2; version < 6; version += 1) hear(heard(row(1, 3 + version, { version, holders: [] })));
    expect(ids({ familyId: family.id })).toEqual(["conversation-1"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(queryFn).toHaveBeenCalledTimes(2);
    stop();
    vi.useRealTimers();
  });

  it("a row beyond the loaded pages waits for its page, also after the last loaded row has moved up", async () => {
    await loadList({}, [row(1, 30), row(2, 20)], "more")();
    hear(heard(row(2, 40, { version: 2 })));
    hear(heard(row(3, 19, { version: 2 })), heard(row(4, 25, { version: 2 })));
    expect(ids()).toEqual(["conversation-2", "conversation-1", "conversation-4"]);
  });

  it("writes nothing into what has missed events and is not on screen: it is loaded before it is shown", async () => {
    await loadThread("conversation-1", [1])();
    await client.invalidateQueries({ queryKey: keys.threads });
    hear({ type: "message", version: 9, message: text("conversation-1", 9) });
    expect(texts("conversation-1")).toEqual(["1"]);
    expect(client.getQueryState(keys.threadFrom("conversation-1", null))?.isInvalidated).toBe(true);
  });

  describe("a click", () => {
    const closed = (each: Conversation) => ({ ...each, status: "closed" as const, unread_messages: 0 });
    const counts = () => client.getQueryData<Indicator>(keys.indicator);

    beforeEach(async () => {
      await loadList({}, [row(1, 3, { version: 4 })])();
      await loadList({ status: "open" }, [row(1, 3, { version: 4 })])();
      client.setQueryData(keys.indicator, writer.readIndicator(COUNTS, writer.now()));
    });

    it("changes row, lists and figures at once, and its answer makes no step back", () => {
      const end = writer.overlay("conversation-1", closed);
      expect(list()?.pages[0]?.items[0]?.status).toBe("closed");
      expect(ids({ status: "open" })).toEqual([]);
      expect(counts()?.open_conversations).toBe(3);
      end(closed(row(1, 3, { version: 5 })));
      expect(counts()?.open_conversations).toBe(3);
      // The figures of before the change, read by another event.
      hear({ type: "indicator", indicator: { ...COUNTS, unread_messages: 9 } });
      expect(counts()).toMatchObject({ unread_messages: 9, open_conversations: 3 });
      hear(heard(row(1, 3, { version: 5, status: "closed" })), { type: "indicator", indicator: { ...COUNTS, open_conversations: 3 } });
      expect(counts()).toEqual({ ...COUNTS, open_conversations: 3 });
    });

    it("is taken back when it is refused, onto what has come meanwhile", () => {
      const end = writer.overlay("conversation-1", closed);
      hear(heard(row(1, 9, { version: 5, display_name: "Renamed" })), { type: "indicator", indicator: COUNTS });
      expect(list()?.pages[0]?.items[0]).toMatchObject({ status: "closed", display_name: "Renamed" });
      end();
      expect(list()?.pages[0]?.items[0]).toMatchObject({ status: "open", display_name: "Renamed" });
      expect(ids({ status: "open" })).toEqual(["conversation-1"]);
      expect(counts()).toEqual(COUNTS);
    });

    it("whose event was here before its answer counts once", () => {
      const end = writer.overlay("conversation-1", closed);
      hear(heard(row(1, 3, { version: 5, status: "closed" })), { type: "indicator", indicator: { ...COUNTS, open_conversations: 3 } });
      end(closed(row(1, 3, { version: 5 })));
      expect(counts()?.open_conversations).toBe(3);
    });
  });

  it("places a row among ten thousand within a frame", () => {
    const items = Array.from({ length: 10_000 }, (_, n) => row(n, 0, { last_message_at: new Date(2e12 - n * 1_000).toISOString() }));
    const pages = Array.from({ length: 50 }, (_, n) => listPage({ items: items.slice(n * 200, n * 200 + 200), next_cursor: "more" }, 0));
    const started = performance.now();
    for (let n = 0; n < 20; n += 1) placeRow({ pages, pageParams: [] }, {}, row(9_000 + n, 0, { last_message_at: new Date(2.1e12).toISOString() }));
    expect((performance.now() - started) / 20).toBeLessThan(16);
  });
});
