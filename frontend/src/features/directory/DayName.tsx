import { longDay, shortDay } from "@/lib/classes";
import type { Weekday } from "@/lib/weekdays";

/** A day as a control shows it: short for the eye, whole for a screen reader. */
export function DayName({ day }: { day: Weekday }) {
  return (
    <>
      <span aria-hidden="true">{shortDay(day)}</span>
      <span className="sr-only">{longDay(day)}</span>
    </>
  );
}
