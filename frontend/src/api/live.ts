/**
 * The one owner of the event stream. Events carry what has changed, and the cache writer applies it. Whenever the stream
 * (re)opens, and after a `resync`, everything shown is fetched again: nothing that happened in between is missed.
 */
import type { QueryClient } from "@tanstack/react-query";

import { writerOf, type LiveChange } from "./cache-writer";
import { keys } from "./keys";
import { itemEntry, type ThreadEntry } from "./thread-entries";
import type { ConversationDetail, Indicator, Message, ThreadItem } from "./types";
import { finishTyping, hearTyping } from "./typing";

export type LiveState = "connecting" | "live" | "lost";

/** Something that an event has told. The caches hold it already. */
export type Heard = LiveChange | { type: "mention"; conversationId: string };

type Tap = (heard: readonly Heard[]) => void;

interface LiveOptions {
  queryClient: QueryClient;
  url?: string;
  /** Called whenever the stream has opened. */
  onOpen?: () => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const BEAT_MS = 5_000;
/** The server sends a keep-alive every 15 s. A stream without one for this long is dead. */
const SILENT_MS = 35_000;
/** An attempt that has been neither accepted nor refused by then is given up. */
const CONNECT_MS = 10_000;
/** Events of one burst are applied together: a frame. */
const GATHER_MS = 16;
const REFETCH_ALL_MS = 60;
/** What an event says to fetch again is fetched at most this often. */
const REFETCH_MS = 1_000;

export class LiveConnection {
  private source: EventSource | null = null;
  private state: LiveState = "connecting";
  private attempt = 0;
  private running = false;
  private lastHeard = 0;
  private refetchedAt = 0;
  private beat: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private gather: ReturnType<typeof setTimeout> | undefined;
  private refetching: ReturnType<typeof setTimeout> | undefined;
  private changes: LiveChange[] = [];
  private readonly stale = new Map<string, readonly unknown[]>();
  private readonly listeners = new Set<() => void>();
  private readonly taps = new Set<Tap>();

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    this.running = true;
    this.beat = setInterval(this.checkSilence, BEAT_MS);
    window.addEventListener("online", this.reconnectNow);
    window.addEventListener("offline", this.failed);
    this.connect();
  }

  stop(): void {
    this.running = false;
    clearInterval(this.beat);
    clearTimeout(this.retry);
    clearTimeout(this.gather);
    clearTimeout(this.refetching);
    this.gather = this.refetching = undefined;
    window.removeEventListener("online", this.reconnectNow);
    window.removeEventListener("offline", this.failed);
    this.close();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = (): LiveState => this.state;

  /** Hear what events tell. Returns the end of it. */
  tap = (tap: Tap): (() => void) => {
    this.taps.add(tap);
    return () => this.taps.delete(tap);
  };

  reconnectNow = (): void => {
    this.attempt = 0;
    this.connect();
  };

  private connect(): void {
    if (!this.running) return;
    clearTimeout(this.retry);
    this.close();
    const source = new EventSource(this.options.url ?? "/api/v1/events");
    this.source = source;
    this.lastHeard = Date.now();
    const on = (type: string, react: (event: MessageEvent<string>) => void) =>
      source.addEventListener(type, (event: MessageEvent<string>) => {
        this.lastHeard = Date.now();
        react(event);
      });
    source.addEventListener("open", this.opened);
    source.addEventListener("error", this.failed);
    on("ping", () => undefined);
    on("indicator", (event) => this.hear(event, (data) => isIndicator(data) && [{ type: "indicator", indicator: data }]));
    on("conversation", (event) =>
      this.hear(event, ({ conversation }) => {
        if (!conversation) return false;
        this.refetchSoon(keys.auditTrail(conversation.id));
        return [{ type: "conversation", row: conversation }];
      }),
    );
    on("message", (event) =>
      this.hear(event, ({ message, version }) => {
        if (!message || version === undefined) return false;
        this.refetchSoon(keys.message(message.id));
        if (message.sent_by) finishTyping(message.conversation_id, message.sent_by.id);
        return [{ type: "message", version, message }];
      }),
    );
    on("thread_entry", (event) =>
      this.hear(event, ({ conversation_id: conversationId, kind, entry_id: id, entry }) => {
        if (!conversationId || !kind || !id || entry === undefined) return false;
        if (kind === "note") this.refetchSoon(keys.note(id));
        if (kind === "scheduled_text") this.refetchSoon(keys.scheduledOf(conversationId));
        return [{ type: "entry", change: { conversationId, kind, id, entry: entry && itemEntry(entry) } }];
      }),
    );
    on("typing", (event) => hearTyping(parse(event.data)));
    on("mention", () => this.refetchSoon(keys.mentions));
    // The event names a number; the rows of its conversations come by themselves.
    on("opt_in", () => {
      for (const key of [keys.families, keys.staffMembers, keys.optInChecks, keys.threads]) this.refetchSoon(key);
    });
    on("directory", () => {
      for (const key of DIRECTORY) this.refetchSoon(key);
    });
    on("mention", (event) => {
      const told = parse(event.data) as { conversation_id?: string | null; note_id?: string | null } | undefined;
      if (told?.note_id && told.conversation_id) this.pass([{ type: "mention", conversationId: told.conversation_id }]);
    });
    on("broadcast", () => this.refetchSoon(keys.broadcasts));
    on("export", () => this.refetchSoon(keys.exports));
    on("credits", () => this.refetchSoon(keys.credits));
    on("sending_status", () => this.refetchSoon(keys.sendingStatus));
    on("resync", this.refetchEverything);
  }

  private close(): void {
    this.source?.close();
    this.source = null;
  }

  private readonly opened = (): void => {
    this.attempt = 0;
    this.lastHeard = Date.now();
    this.setState("live");
    this.refetchEverything();
    this.options.onOpen?.();
  };

  private readonly failed = (): void => {
    this.close();
    this.setState("lost");
    // EventSource cannot say why. If the sign-in has ended or a permission has gone, this finds out.
    void this.options.queryClient.invalidateQueries({ queryKey: keys.me });
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempt) * (0.75 + Math.random() / 2);
    this.attempt += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), backoff);
  };

  /** Closes a stream that died silently, or during sleep. */
  private readonly checkSilence = (): void => {
    if (!this.source) return;
    const silence = Date.now() - this.lastHeard;
    if (silence <= (this.state === "live" ? SILENT_MS : CONNECT_MS)) return;
    this.setState("lost");
    this.reconnectNow();
  };

  /** Takes the event's changes. One that says less, of an earlier release, is answered by fetching again. */
  private hear(event: MessageEvent<string>, read: (data: EventData) => LiveChange[] | false): void {
    const data = parse(event.data);
    const changes = typeof data === "object" && data !== null && read(data);
    if (!changes) {
      this.refetchEverything();
      return;
    }
    this.changes.push(...changes);
    this.gather ??= setTimeout(this.applyChanges, GATHER_MS);
  }

  private readonly applyChanges = (): void => {
    this.gather = undefined;
    const changes = this.changes.splice(0);
    writerOf(this.options.queryClient).apply(changes);
    this.pass(changes);
  };

  private pass(heard: readonly Heard[]): void {
    for (const tap of this.taps) tap(heard);
  }

  private readonly refetchEverything = (): void => {
    for (const key of EVERYTHING) this.stale.set(JSON.stringify(key), key);
    clearTimeout(this.refetching);
    this.refetching = setTimeout(this.refetchStale, REFETCH_ALL_MS);
  };

  private refetchSoon(key: readonly unknown[]): void {
    this.stale.set(JSON.stringify(key), key);
    this.refetching ??= setTimeout(this.refetchStale, this.untilNextRefetch());
  }

  /** The first of a burst is fetched soon, the following at most once in a while. */
  private untilNextRefetch(): number {
    return Math.max(GATHER_MS, this.refetchedAt + REFETCH_MS - Date.now());
  }

  private readonly refetchStale = (): void => {
    this.refetching = undefined;
    this.refetchedAt = Date.now();
    const stale = [...this.stale.values()];
    this.stale.clear();
    for (const queryKey of stale) void this.options.queryClient.invalidateQueries({ queryKey });
  };

  private setState(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

const DIRECTORY = [keys.families, keys.staffMembers, keys.classes, keys.tags, keys.locations, keys.contexts];
const EVERYTHING = [
  keys.indicator, keys.sendingStatus, keys.conversations, keys.threads, keys.scheduled, keys.auditTrails, keys.messages, keys.notes, keys.mentions,
  keys.optInChecks, keys.broadcasts, keys.credits, ...DIRECTORY,
];

/** What events say, each a part of it. */
type EventData = Partial<Indicator> & { conversation?: ConversationDetail; message?: Message; version?: number } & {
  conversation_id?: string;
  kind?: ThreadEntry["kind"];
  entry_id?: string;
  entry?: ThreadItem | null;
};

function isIndicator(data: EventData): data is EventData & Indicator {
  return data.unread_messages !== undefined;
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
