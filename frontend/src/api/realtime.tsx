/** The event stream and the outbox of the signed-in person, for the components below. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";

import { LiveConnection, type LiveState } from "./live";
import type { Outbox } from "./outbox";
import { OutboxContext } from "./outbox-context";
import { createOutbox, recognizeOwnTexts } from "./outbox-wiring";

interface Realtime {
  live: LiveConnection;
  outbox: Outbox;
}

const RealtimeContext = createContext<Realtime | null>(null);

/** `owner` is whose outbox it is; `listens` is whether the person may receive live events (SMS Logs). */
export function RealtimeProvider({ owner, listens, children }: { owner: string; listens: boolean; children: ReactNode }) {
  const queryClient = useQueryClient();

  const realtime = useMemo<Realtime>(() => {
    const outbox: Outbox = createOutbox(owner, queryClient, () => live.getState() === "live");
    const live: LiveConnection = new LiveConnection({ queryClient, onOpen: outbox.resume });
    return { live, outbox };
  }, [owner, queryClient]);

  useEffect(() => {
    if (!listens) return;
    realtime.outbox.start();
    const stopRecognizing = recognizeOwnTexts(realtime.outbox, queryClient);
    realtime.live.start();
    return () => {
      stopRecognizing();
      realtime.live.stop();
      realtime.outbox.stop();
    };
  }, [realtime, queryClient, listens]);

  return (
    <RealtimeContext value={realtime}>
      <OutboxContext value={realtime.outbox}>{children}</OutboxContext>
    </RealtimeContext>
  );
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

/** Calls back with what live events tell. */
export function useLiveTap(): LiveConnection["tap"] {
  return useRealtime().live.tap;
}

export function useReconnect(): () => void {
  return useRealtime().live.reconnectNow;
}
