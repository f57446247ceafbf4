import type { StudentClass } from "@/api/types";

export type Weekday = StudentClass["weekdays"][number];

export const WEEKDAYS: readonly Weekday[] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
