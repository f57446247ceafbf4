import { useEffect, useRef } from "react";

import { useShowAsSeen, ViewingLease } from "@/api/viewers";

/** Holds a viewing lease while the conversation is on screen. `ready` is whether `shownSeq` is known. */
export function useViewing(conversationId: string, { shownSeq, ready }: { shownSeq: number; ready: boolean }): void {
  const lease = useRef<ViewingLease | null>(null);
  const shown = useRef(shownSeq);
  const showAsSeen = useShowAsSeen(conversationId);

  useEffect(() => {
    shown.current = shownSeq;
    lease.current?.seen(shownSeq);
  }, [shownSeq]);

  useEffect(() => {
    if (!ready) return;
    const held = new ViewingLease(conversationId, shown.current, showAsSeen);
    lease.current = held;
    held.start();
    return () => {
      lease.current = null;
      held.stop();
    };
  }, [conversationId, ready, showAsSeen]);
}
