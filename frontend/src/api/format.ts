/** Times and numbers as the signed-in organization writes them. */
import { useMe } from "./session";
import { useNow } from "@/lib/clock";
import { formatPhone } from "@/lib/phone";
import { createTimeFormat, type TimeFormat } from "@/lib/time";

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

let lastMade: { timeZone: string; country: string; format: TimeFormat } | undefined;
let lastFormats: { format: TimeFormat; now: Date; formats: Formats } | undefined;

/** Made once for the organization: each row of a thread uses it, and its formatters take longer to make than the row. */
function timeFormatOf(timeZone: string, country: string): TimeFormat {
  if (lastMade?.timeZone !== timeZone || lastMade.country !== country) {
    lastMade = { timeZone, country, format: createTimeFormat({ timeZone, country }) };
  }
  return lastMade.format;
}

/** One object for all components of a minute. */
function formatsOf(timeZone: string, country: string, now: Date): Formats {
  const format = timeFormatOf(timeZone, country);
  if (lastFormats?.format === format && lastFormats.now === now) return lastFormats.formats;
  const formats: Formats = {
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
  };
  lastFormats = { format, now, formats };
  return formats;
}

export function useFormats(): Formats {
  const { country, timezone } = useMe().organization;
  return formatsOf(timezone, country, useNow());
}
