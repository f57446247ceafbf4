/**
 * The one owner of the event stream. Events carry ids; what they concern is fetched again. Whenever the stream (re)opens,
 * everything shown is fetched again too, so nothing that happened in between is missed.
 */
import type { QueryClient } from "@tanstack/react-query";

import { keys } from "./keys";

export type LiveState = "connecting" | "live" | "lost";

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
/** Events of one burst cause one refetch. */
const GATHER_MS = 60;

export class LiveConnection {
  private source: EventSource | null = null;
  private state: LiveState = "connecting";
  private attempt = 0;
  private running = false;
  private lastHeard = 0;
  private beat: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private gather: ReturnType<typeof setTimeout> | undefined;
  private readonly stale = new Map<string, readonly unknown[]>();
  private readonly listeners = new Set<() => void>();

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
    this.gather = undefined;
    window.removeEventListener("online", this.reconnectNow);
    window.removeEventListener("offline", this.failed);
    this.close();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = (): LiveState => this.state;

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
    on("indicator", () => this.refetch(keys.indicator));
    on("sending_status", () => this.refetch(keys.sendingStatus));
    on("conversation", (event) => {
      const id = readId(event, "conversation_id");
      this.refetch(keys.conversationLists);
      if (id) {
        this.refetch(keys.conversation(id));
        this.refetch(keys.auditTrail(id));
      }
    });
    on("message", (event) => {
      const id = readId(event, "conversation_id");
      const messageId = readId(event, "message_id");
      this.refetch(keys.conversationLists);
      if (id) {
        this.refetch(keys.thread(id));
        this.refetch(keys.auditTrail(id));
      }
      if (messageId) this.refetch(keys.message(messageId));
    });
    // The event names a number, not the conversations and records that hold it.
    on("opt_in", () => {
      for (const key of [keys.conversations, keys.families, keys.staffMembers, keys.optInChecks]) this.refetch(key);
    });
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

  private readonly refetchEverything = (): void => {
    for (const key of [keys.indicator, keys.sendingStatus, keys.conversations, keys.threads, keys.auditTrails, keys.messages]) this.refetch(key);
  };

  private refetch(key: readonly unknown[]): void {
    this.stale.set(JSON.stringify(key), key);
    this.gather ??= setTimeout(() => {
      this.gather = undefined;
      const stale = [...this.stale.values()];
      this.stale.clear();
      for (const queryKey of stale) void this.options.queryClient.invalidateQueries({ queryKey });
    }, GATHER_MS);
  }

  private setState(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function readId(event: MessageEvent<string>, field: "conversation_id" | "message_id"): string | null {
  try {
    const data = JSON.parse(event.data) as Partial<Record<typeof field, string>>;
    return data[field] ?? null;
  } catch {
    return null;
  }
}
