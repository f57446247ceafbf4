/** Classes in words: "Tue, Thu 5:30 pm · Room B · Jo Park". */
import { WEEKDAYS, type Weekday } from "./weekdays";
import type { StudentClass } from "@/api/types";

// The first of January 2024 was a Monday.
const shortName = new Intl.DateTimeFormat(undefined, { weekday: "short", timeZone: "UTC" });
const longName = new Intl.DateTimeFormat(undefined, { weekday: "long", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });

const dateOf = (day: Weekday) => new Date(Date.UTC(2024, 0, 1 + WEEKDAYS.indexOf(day)));

export const shortDay = (day: Weekday): string => shortName.format(dateOf(day));
export const longDay = (day: Weekday): string => longName.format(dateOf(day));

export function formatClassTime(time: string): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return clock.format(new Date(Date.UTC(2024, 0, 1, hour, minute))).replace(/[AP]M$/, (period) => period.toLowerCase());
}

/** "Tue, Thu", or "Mon–Fri": three days or more in a row are one range. The days are in the order of the week. */
export function describeDays(days: readonly Weekday[]): string {
  const runs: Weekday[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && WEEKDAYS.indexOf(day) === WEEKDAYS.indexOf(last) + 1) run.push(day);
    else runs.push([day]);
  }
  return runs
    .flatMap((run) => (run.length < 3 ? run.map(shortDay) : [[run[0], run.at(-1)].flatMap((day) => (day ? [shortDay(day)] : [])).join("–")]))
    .join(", ");
}

/** When it is: "Tue, Thu 5:30 pm". Empty if nothing is known. */
export function describeWhen({ weekdays, time }: Pick<StudentClass, "weekdays" | "time">): string {
  return [describeDays(weekdays), time && formatClassTime(time)].filter(Boolean).join(" ");
}

/** "Room B", "Gym 2": a letter or a number alone says nothing. */
export function describeRoom(room: string): string {
  return /^[\p{L}\d]{1,3}$/u.test(room) ? `Room ${room}` : room;
}

/** What is known of a class beside its name. */
export function describeClass(each: Pick<StudentClass, "weekdays" | "time" | "room" | "coach" | "location">): string {
  return [describeWhen(each), each.room && describeRoom(each.room), each.coach, each.location].filter(Boolean).join(" · ");
}
