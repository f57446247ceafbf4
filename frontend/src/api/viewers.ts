/**
 * "I am looking at this conversation", as a lease that the server forgets by itself (STATUS-VIEWING).
 * Held only while the tab is visible; every renewal says the last message that has been on screen (STATUS-SEEN).
 */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { whenOpened } from "./preload";
import { leases } from "./viewing-leases";

const RENEW_MS = 10_000;
const TIMEOUT_MS = 8_000;

/** This tab. A duplicated tab runs this line again and is a viewer of its own. */
const VIEWER_ID = crypto.randomUUID();

type Viewing = NonNullable<Awaited<ReturnType<typeof putLease>>>;

/** Told what is seen when a request leaves; what it returns is told the answer, or undefined if there is none. */
type OnSeen = (seenSeq: number) => (answer?: Viewing) => void;

function putLease(params: { path: { conversation_id: string; viewer_id: string } }, seenSeq: number) {
  return unwrap(
    client.PUT("/api/v1/conversations/{conversation_id}/viewers/{viewer_id}", {
      params,
      body: { seen_seq: seenSeq },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }),
  );
}

export class ViewingLease {
  private timer: ReturnType<typeof setInterval> | undefined;
  private held = false;
  /** Releases the lease after the request under way. */
  private releasing = false;
  private stopped = false;
  private requests: Promise<unknown> = Promise.resolve();
  private readonly params;

  constructor(
    conversationId: string,
    private seenSeq: number,
    private readonly onSeen: OnSeen = () => () => undefined,
  ) {
    this.params = { path: { conversation_id: conversationId, viewer_id: VIEWER_ID } };
  }

  start(): void {
    leases.add(this);
    document.addEventListener("visibilitychange", this.followVisibility);
    window.addEventListener("pagehide", this.releaseNow);
    window.addEventListener("pageshow", this.followVisibility);
    this.followVisibility();
  }

  /** A later message has been shown. The server hears of it at once. */
  seen(seq: number): void {
    if (seq <= this.seenSeq) return;
    this.seenSeq = seq;
    if (document.visibilityState === "visible" && !this.stopped) this.renew();
  }

  /** Resolves when the server has answered, or cannot be reached. */
  pause(): Promise<unknown> {
    this.release();
    return this.requests;
  }

  resume(): void {
    this.followVisibility();
  }

  stop(): void {
    this.stopped = true;
    leases.delete(this);
    document.removeEventListener("visibilitychange", this.followVisibility);
    window.removeEventListener("pageshow", this.followVisibility);
    // The conversation that is opened instead is loaded first.
    this.release(whenOpened());
    void this.requests.then(() => window.removeEventListener("pagehide", this.releaseNow));
  }

  private readonly followVisibility = (): void => {
    if (document.visibilityState !== "visible") {
      this.release();
      return;
    }
    clearInterval(this.timer);
    this.timer = setInterval(this.renew, RENEW_MS);
    this.renew();
  };

  /** One request after the other: a renewal under way never overtakes the release that follows it. */
  private enqueue(request: () => Promise<unknown>): void {
    // A failed request needs no message: the next beat repeats a renewal, and a lease expires by itself.
    this.requests = this.requests.then(request).catch(() => undefined);
  }

  private readonly renew = (): void => {
    this.held = true;
    const answered = this.onSeen(this.seenSeq);
    this.enqueue(() =>
      putLease(this.params, this.seenSeq).then(answered, (error: unknown) => {
        answered();
        throw error;
      }),
    );
  };

  private release(after: Promise<unknown> = Promise.resolve()): void {
    clearInterval(this.timer);
    if (!this.held) return;
    this.held = false;
    this.releasing = true;
    this.enqueue(async () => {
      await after;
      if (this.releasing) await this.delete();
    });
  }

  /** Releases the lease at once, because the page is closing. */
  private readonly releaseNow = (): void => {
    clearInterval(this.timer);
    if (!this.held && !this.releasing) return;
    this.held = false;
    this.delete().catch(() => undefined);
  };

  private readonly delete = (): Promise<unknown> => {
    this.releasing = false;
    return unwrap(
      client.DELETE("/api/v1/conversations/{conversation_id}/viewers/{viewer_id}", {
        params: this.params,
        // Lets the request outlive the page, as a beacon does.
        keepalive: true,
      }),
    );
  };
}

/** Shows the conversation as seen while the request that says so is under way, then as its answer says. */
export function useShowAsSeen(conversationId: string): OnSeen {
  const queryClient = useQueryClient();
  return useCallback(
    (seenSeq) => {
      const end = writerOf(queryClient).overlay(conversationId, (row) =>
        row.status === "unread" && seenSeq >= row.last_seq ? { ...row, status: "open", unread_messages: 0, seen_seq: seenSeq } : row,
      );
      return (answer) => {
        if (!answer) end();
        else {
          const { version, status, seen_seq, last_seq, unread_messages } = answer;
          end({ id: conversationId, version, status, seen_seq, last_seq, unread_messages });
        }
      };
    },
    [queryClient, conversationId],
  );
}
