/** Whether a media query holds, live. */
import { useCallback, useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

/** The widths at which the layout changes; the same as the breakpoints in styles.css. */
export const WIDE = "(min-width: 1200px)";
export const ROOMY = "(min-width: 940px)";
/** The main way to point is a finger. */
export const COARSE = "(pointer: coarse)";
export const DESK = "(min-width: 760px)";
