/** Times and numbers as the signed-in organization writes them. */
import { useMemo } from "react";

import { useMe } from "./session";
import { useNow } from "@/lib/clock";
import { formatPhone } from "@/lib/phone";
import { createTimeFormat } from "@/lib/time";

export interface Formats {
  time: (at: string) => string;
  timeWithSeconds: (at: string) => string;
  date: (at: string) => string;
  dateTime: (at: string) => string;
  /** `dateTime` to the second. */
  exact: (at: string) => string;
  /** `dateTime` within a sentence: "today, 4:47 pm". */
  moment: (at: string) => string;
  day: (at: string) => string;
  brief: (at: string) => string;
  dayKey: (at: string) => string;
  full: (at: string) => string;
  phone: (number: string) => string;
}

export function useFormats(): Formats {
  const { country, timezone } = useMe().organization;
  const now = useNow();
  const format = useMemo(() => createTimeFormat({ timeZone: timezone, country }), [timezone, country]);
  return useMemo(
    () => ({
      time: format.time,
      timeWithSeconds: format.timeWithSeconds,
      date: (at) => format.date(at, now),
      dateTime: (at) => format.dateTime(at, now),
      exact: (at) => format.exact(at, now),
      moment: (at) => format.dateTime(at, now).replace(/^(?:Today|Yesterday)/, (day) => day.toLowerCase()),
      day: (at) => format.day(at, now),
      brief: (at) => format.brief(at, now),
      dayKey: format.dayKey,
      full: format.full,
      phone: (number) => formatPhone(number, country),
    }),
    [format, now, country],
  );
}
