/** The line between what had been seen and what is new, fixed for as long as the person looks. */
import { useEffect, useState } from "react";

/**
 * `seenSeq` is what anybody had seen when the conversation was opened here; undefined until it is known.
 * Coming back to a hidden tab moves the line to what had been on screen when it was left.
 */
export function useNewMark(seenSeq: number | undefined, shownSeq: number): number | null {
  const [mark, setMark] = useState<number | null>(null);
  if (mark === null && seenSeq !== undefined) setMark(seenSeq);

  useEffect(() => {
    const leave = () => {
      if (document.visibilityState === "hidden" && shownSeq > 0) setMark(shownSeq);
    };
    document.addEventListener("visibilitychange", leave);
    return () => document.removeEventListener("visibilitychange", leave);
  }, [shownSeq]);

  return mark;
}
