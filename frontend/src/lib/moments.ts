/** The times that "Send later" and "Later" offer, in the organization's zone. */
import { atClock, dayAndClock } from "./days";

export interface OfferedMoment {
  label: string;
  at: string;
}

const MORNING = "09:00";
const EVENING = "18:00";
/** Less is not worth waiting for. */
const SOONEST_MS = 30 * 60_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The first Monday after the day. */
function mondayAfter(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return plusDays(day, (8 - weekday) % 7 || 7);
}

/** "This evening", "Tomorrow", "Monday": those that are still to come and differ. */
export function offeredMoments(now: Date, timeZone: string): OfferedMoment[] {
  const { day } = dayAndClock(now, timeZone);
  const tomorrow = plusDays(day, 1);
  const monday = mondayAfter(day);
  return [
    { label: "This evening", at: atClock(day, EVENING, timeZone) },
    { label: "Tomorrow", at: atClock(tomorrow, MORNING, timeZone) },
    { label: "Monday", at: atClock(monday, MORNING, timeZone) },
  ].filter(({ label, at }) => Date.parse(at) - now.getTime() >= SOONEST_MS && (label !== "Monday" || monday !== tomorrow));
}

/** For a reminder, also soon. */
export function offeredReminders(now: Date, timeZone: string): OfferedMoment[] {
  const soon = new Date(Math.ceil((now.getTime() + HOUR_MS) / (5 * 60_000)) * 5 * 60_000);
  return [{ label: "In an hour", at: soon.toISOString() }, ...offeredMoments(now, timeZone)];
}

/** Why a day and a time of day are no time to come; null if they are one. */
export function momentProblem(day: string, clock: string, timeZone: string, now: Date): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || !/^\d{2}:\d{2}$/.test(clock)) return "Choose a day and a time.";
  const ahead = Date.parse(atClock(day, clock, timeZone)) - now.getTime();
  if (ahead <= 0) return "This time has passed.";
  return ahead > 365 * DAY_MS ? "Choose a time within a year." : null;
}
