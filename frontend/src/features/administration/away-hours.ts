/** Opening hours as they are edited: the week's days, each with its spans. */
import type { Away } from "@/api/organization";

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export type Span = Away["hours"][string][number];
export type Hours = Record<Weekday, Span[]>;

export const MOST_SPANS = 6;

export function hoursOf({ hours }: Pick<Away, "hours">): Hours {
  return Object.fromEntries(WEEKDAYS.map((day) => [day, hours[day] ?? []])) as Hours;
}

export const dayName = (day: Weekday): string => day.charAt(0).toUpperCase() + day.slice(1);

/** A browser's time field has no 24:00: it is shown as the midnight that it is. */
export const shownClose = (closes: string): string => (closes === "24:00" ? "00:00" : closes);
export const storedClose = (closes: string): string => (closes === "00:00" ? "24:00" : closes);

/** The span that a day gets first, and after the ones it has. */
export function nextSpan(spans: readonly Span[]): Span {
  const last = spans.at(-1);
  if (!last) return { opens: "09:00", closes: "17:00" };
  const hour = Math.min(22, Number(last.closes.slice(0, 2)) + 1);
  const clock = (each: number) => `${String(each).padStart(2, "0")}:00`;
  return { opens: clock(hour), closes: clock(Math.min(24, hour + 2)) };
}
