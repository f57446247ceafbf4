/**
 * Texts on their way to the API. Each stands in local storage under its Idempotency-Key from the moment of pressing Send
 * until the API has answered, so neither a reload nor a lost connection loses it or sends it twice (SEND-ONCE).
 *
 * One conversation's texts go one after the other. No answer means try again under the same key; a refusal keeps the text
 * and says why, and what stands behind it waits.
 */
import type { Message } from "./types";
import type { OutgoingText } from "./messages";
import { PROBLEM, ProblemError, type Problem } from "./problem";
import { readStored, writeStored } from "@/lib/storage";

export interface PendingText extends OutgoingText {
  createdAt: string;
  /** sending: on its way, for the first time or again. waiting: no answer yet, will be repeated. refused: the API said no. */
  state: "sending" | "waiting" | "refused";
  problem: Problem | null;
}

interface OutboxOptions {
  /** Whose texts: see `ownerKey`. */
  owner: string;
  post: (text: OutgoingText) => Promise<Message>;
  onAccepted: (message: Message, text: PendingText) => void;
  onRefused?: (problem: Problem, text: PendingText) => void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

export class Outbox {
  private texts: readonly PendingText[];
  private readonly storageKey: string;
  private readonly listeners = new Set<() => void>();
  private readonly busy = new Set<string>();
  private readonly retries = new Map<string, { attempt: number; timer: ReturnType<typeof setTimeout> }>();

  constructor(private readonly options: OutboxOptions) {
    this.storageKey = `messenger:${options.owner}:outbox`;
    this.texts = parse(readStored(this.storageKey));
  }

  /** Takes up what an earlier page left behind, and listens for the network. */
  start(): void {
    window.addEventListener("online", this.resume);
    this.resume();
  }

  stop(): void {
    window.removeEventListener("online", this.resume);
    for (const { timer } of this.retries.values()) clearTimeout(timer);
    this.retries.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  all = (): readonly PendingText[] => this.texts;

  send(text: Omit<OutgoingText, "key">): void {
    const pending: PendingText = {
      ...text,
      key: crypto.randomUUID(),
      createdAt: new Date().toISOString(),
      state: "sending",
      problem: null,
    };
    this.write([...this.texts, pending]);
    void this.pump(text.conversationId);
  }

  /** Repeats a refused text whatever has come since. Its refusal was definite, so this is a new request. */
  sendAnyway(key: string): void {
    const text = this.texts.find((candidate) => candidate.key === key);
    if (text?.state !== "refused") return;
    this.replace(key, { ...text, key: crypto.randomUUID(), seenSeq: null, state: "sending", problem: null });
    void this.pump(text.conversationId);
  }

  /** Takes a refused text out, for the composer or for good. */
  remove(key: string): PendingText | undefined {
    const text = this.texts.find((candidate) => candidate.key === key);
    if (text?.state !== "refused") return undefined;
    this.write(this.texts.filter((candidate) => candidate.key !== key));
    void this.pump(text.conversationId);
    return text;
  }

  /** Tries everything that waits, now: the network is back, or somebody has signed in again. */
  resume = (): void => {
    for (const { timer } of this.retries.values()) clearTimeout(timer);
    this.retries.clear();
    for (const conversationId of new Set(this.texts.map((text) => text.conversationId))) void this.pump(conversationId);
  };

  private async pump(conversationId: string): Promise<void> {
    if (this.busy.has(conversationId)) return;
    this.busy.add(conversationId);
    try {
      for (;;) {
        const next = this.texts.find((text) => text.conversationId === conversationId);
        if (!next || next.state === "refused") return;
        if (!(await this.attempt(next))) return;
      }
    } finally {
      this.busy.delete(conversationId);
    }
  }

  /** True when this text is done, so that the next may be sent. */
  private async attempt(text: PendingText): Promise<boolean> {
    this.replace(text.key, { ...text, state: "sending" });
    try {
      const message = await this.options.post(text);
      this.retries.delete(text.conversationId);
      this.accept(text, message);
      return true;
    } catch (error) {
      const refusal = definiteRefusal(error);
      if (refusal) {
        this.replace(text.key, { ...text, state: "refused", problem: refusal });
        this.options.onRefused?.(refusal, text);
        return false;
      }
      this.replace(text.key, { ...text, state: "waiting" });
      this.retryLater(text.conversationId, error);
      return false;
    }
  }

  private accept(text: PendingText, message: Message): void {
    this.write(
      this.texts
        .filter((candidate) => candidate.key !== text.key)
        .map((candidate) =>
          // The person's own text counts as seen by the texts after it.
          candidate.conversationId === text.conversationId && candidate.seenSeq !== null && candidate.seenSeq === message.seq - 1
            ? { ...candidate, seenSeq: message.seq }
            : candidate,
        ),
    );
    this.options.onAccepted(message, text);
  }

  private retryLater(conversationId: string, error: unknown): void {
    const attempt = (this.retries.get(conversationId)?.attempt ?? 0) + 1;
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
    const asked = error instanceof ProblemError && error.retryAfter !== null ? error.retryAfter * 1_000 : 0;
    const timer = setTimeout(() => void this.pump(conversationId), Math.max(asked, backoff));
    this.retries.set(conversationId, { attempt, timer });
  }

  private replace(key: string, text: PendingText): void {
    this.write(this.texts.map((candidate) => (candidate.key === key ? text : candidate)));
  }

  private write(texts: readonly PendingText[]): void {
    this.texts = texts;
    writeStored(this.storageKey, texts.length === 0 ? null : JSON.stringify(texts));
    for (const listener of this.listeners) listener();
  }
}

/**
 * The problem, if the API has surely not accepted the text and never will as it stands. Not: no answer, a failing server,
 * too many requests (but a day's texts are used up until midnight), an expired sign-in, or the first attempt under this key still running.
 */
function definiteRefusal(error: unknown): Problem | null {
  if (!(error instanceof ProblemError)) return null;
  const { status, type } = error;
  if (status >= 500 || status === 401 || status === 408 || (status === 429 && !error.problem.resets_at)) return null;
  if (status === 409 && type === PROBLEM.idempotencyConflict) return null;
  return error.problem;
}

function parse(stored: string | null): PendingText[] {
  if (stored === null) return [];
  try {
    const texts: unknown = JSON.parse(stored);
    return Array.isArray(texts) ? texts.filter(isPendingText) : [];
  } catch {
    return [];
  }
}

function isPendingText(value: unknown): value is PendingText {
  const text = value as Partial<PendingText> | null;
  return typeof text?.key === "string" && typeof text.conversationId === "string" && typeof text.body === "string";
}
