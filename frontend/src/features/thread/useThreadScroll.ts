import { useEffect, useLayoutEffect, useState, useSyncExternalStore, type RefObject } from "react";

import { ThreadScroll, type ThreadTarget } from "./thread-scroll";

interface ThreadScrollInput {
  scroller: RefObject<HTMLElement | null>;
  /** Anything that changes when rows do. */
  content: unknown;
  /** Where to open, once everything needed to know it is there; null until then. */
  target: ThreadTarget | null;
  /** The last loaded message is not the newest: reaching it is not being at the end. */
  hasNewer: boolean;
  onNearStart: () => void;
  onNearEnd: () => void;
}

export function useThreadScroll({ scroller, content, target, hasNewer, onNearStart, onNearEnd }: ThreadScrollInput) {
  const [scroll] = useState(() => new ThreadScroll());
  const state = useSyncExternalStore(scroll.subscribe, scroll.getState);

  useEffect(() => {
    scroll.onNear({ start: onNearStart, end: onNearEnd });
  }, [scroll, onNearStart, onNearEnd]);

  useLayoutEffect(() => (scroller.current ? scroll.attach(scroller.current) : undefined), [scroll, scroller]);

  useLayoutEffect(() => scroll.setHasNewer(hasNewer), [scroll, hasNewer]);
  useLayoutEffect(() => {
    if (target !== null) scroll.place(target);
  }, [scroll, target]);

  useLayoutEffect(() => scroll.contentChanged(), [scroll, content]);

  return { ...state, jumpToNewest: () => scroll.jumpToNewest() };
}
