import { longDay, shortDay } from "@/lib/classes";
import type { Weekday } from "@/lib/weekdays";

/** A day as a control shows it: short for the eye, whole for a screen reader. */
export function DayName({ day }: { day: Weekday }) {
  return (
    // Relative, so that a list which scrolls sideways keeps the hidden word within it.
    <span className="relative">
      <span aria-hidden="true">{shortDay(day)}</span>
      <span className="sr-only">{longDay(day)}</span>
    </span>
  );
}
