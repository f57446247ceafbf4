/** Classes in words: "Level 3 · Tue, Thu 5:30 pm · Room B · Jo Park". */
import type { StudentClass } from "@/api/types";

export type Weekday = StudentClass["weekdays"][number];

export const WEEKDAYS: readonly Weekday[] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

// The first of January 2024 was a Monday.
const dayName = new Intl.DateTimeFormat(undefined, { weekday: "short", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });

export const shortDay = (day: Weekday): string => dayName.format(new Date(Date.UTC(2024, 0, 1 + WEEKDAYS.indexOf(day))));

export function formatClassTime(time: string): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return clock.format(new Date(Date.UTC(2024, 0, 1, hour, minute))).replace(/[AP]M$/, (period) => period.toLowerCase());
}

/** When it is: "Tue, Thu 5:30 pm". Empty if nothing is known. */
export function describeWhen({ weekdays, time }: Pick<StudentClass, "weekdays" | "time">): string {
  return [weekdays.map(shortDay).join(", "), time && formatClassTime(time)].filter(Boolean).join(" ");
}

/** What is known of a class beside its name. */
export function describeClass(each: Pick<StudentClass, "weekdays" | "time" | "room" | "coach" | "location">): string {
  return [describeWhen(each), each.room, each.coach, each.location].filter(Boolean).join(" · ");
}
