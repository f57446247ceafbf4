/** When a conversation may come back: the times that people choose most, in the organization's zone. */
import { startOfDay } from "./days";

export interface LaterTime {
  label: string;
  at: string;
}

const HOUR_MS = 3_600_000;
const MORNING = 9;
const EVENING = 17;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export function laterTimes(now: Date, timeZone: string): LaterTime[] {
  const today = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
  const weekday = DAYS.indexOf(new Intl.DateTimeFormat("en-US", { timeZone, weekday: "short" }).format(now));
  const clock = (days: number, hour: number) => new Date(Date.parse(startOfDay(today, timeZone, days)) + hour * HOUR_MS).toISOString();
  const untilMonday = ((8 - weekday) % 7) || 7;
  const evening = clock(0, EVENING);
  return [
    { label: "In an hour", at: new Date(now.getTime() + HOUR_MS).toISOString() },
    ...(Date.parse(evening) > now.getTime() + HOUR_MS ? [{ label: "Today at 5 pm", at: evening }] : []),
    { label: "Tomorrow at 9 am", at: clock(1, MORNING) },
    ...(untilMonday > 1 ? [{ label: "Monday at 9 am", at: clock(untilMonday, MORNING) }] : []),
    { label: "In a week", at: clock(7, MORNING) },
  ];
}
