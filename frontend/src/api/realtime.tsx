/** The event stream and the outbox of the signed-in person, for the components below. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";

import { writerOf } from "./cache-writer";
import { keys } from "./keys";
import { LiveConnection, type LiveState } from "./live";
import { postMessage } from "./messages";
import { Outbox, type PendingText } from "./outbox";

interface Realtime {
  live: LiveConnection;
  outbox: Outbox;
}

const RealtimeContext = createContext<Realtime | null>(null);

/** `owner` is whose outbox it is; `listens` is whether the person may receive live events (SMS Logs). */
export function RealtimeProvider({ owner, listens, children }: { owner: string; listens: boolean; children: ReactNode }) {
  const queryClient = useQueryClient();

  const realtime = useMemo<Realtime>(() => {
    const outbox: Outbox = new Outbox({
      owner,
      post: postMessage,
      onAccepted: (message) => {
        writerOf(queryClient).accept(message);
        // Without the stream nothing else tells what it changed.
        if (live.getState() !== "live") void queryClient.invalidateQueries({ queryKey: keys.conversations });
      },
      onRefused: (_problem, text) => {
        // Refetch, so that the reason of the refusal shows (a new message, an opt-out, a revoked permission).
        void queryClient.invalidateQueries({ queryKey: keys.conversation(text.conversationId) });
        void queryClient.invalidateQueries({ queryKey: keys.thread(text.conversationId) });
        void queryClient.invalidateQueries({ queryKey: keys.me });
      },
    });
    const live: LiveConnection = new LiveConnection({ queryClient, onOpen: outbox.resume });
    return { live, outbox };
  }, [owner, queryClient]);

  useEffect(() => {
    if (!listens) return;
    realtime.outbox.start();
    realtime.live.start();
    return () => {
      realtime.live.stop();
      realtime.outbox.stop();
    };
  }, [realtime, listens]);

  return <RealtimeContext value={realtime}>{children}</RealtimeContext>;
}

function useRealtime(): Realtime {
  const realtime = use(RealtimeContext);
  if (!realtime) throw new Error("useRealtime needs a RealtimeProvider above it");
  return realtime;
}

export function useLiveState(): LiveState {
  const { live } = useRealtime();
  return useSyncExternalStore(live.subscribe, live.getState);
}

export function useReconnect(): () => void {
  return useRealtime().live.reconnectNow;
}

export function useOutbox(): Outbox {
  return useRealtime().outbox;
}

export function usePendingTexts(conversationId: string): readonly PendingText[] {
  const { outbox } = useRealtime();
  const texts = useSyncExternalStore(outbox.subscribe, outbox.all);
  return useMemo(() => texts.filter((text) => text.conversationId === conversationId), [texts, conversationId]);
}
