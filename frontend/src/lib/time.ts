/**
 * Times in the organization's zone, in English as its country writes dates. Intl only.
 * A formatter is made once per organization; it holds no clock: `now` is an argument.
 */

export interface TimeFormat {
  /** "4:52 pm" */
  time: (at: string | Date) => string;
  /** "4:52:07 pm" */
  timeWithSeconds: (at: string | Date) => string;
  /** "3 May", or "3 May 2025" in another year. */
  date: (at: string | Date, now: Date) => string;
  /** "Today, 4:47 pm", "Mon, 16 Nov, 6:10 pm" */
  dateTime: (at: string | Date, now: Date) => string;
  /** `dateTime` to the second: "Today, 4:47:05 pm" */
  exact: (at: string | Date, now: Date) => string;
  /** The heading of a day in a thread: "Today", "Yesterday", "Monday, 16 November". */
  day: (at: string | Date, now: Date) => string;
  /** The shortest that still says when: "4:52 pm", "Yesterday", "Sat", "16 Nov", "16 Nov 2025". */
  brief: (at: string | Date, now: Date) => string;
  /** The calendar day in the zone, "2026-11-23": equal for times of the same day. */
  dayKey: (at: string | Date) => string;
  /** Everything, for a title: "Monday, 16 November 2026 at 6:10:05 pm NZDT" */
  full: (at: string | Date) => string;
}

const DAY_MS = 86_400_000;

export function createTimeFormat({ timeZone, country }: { timeZone: string; country: string }): TimeFormat {
  const locale = supportedLocale(`en-${country}`);
  const make = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, ...options });

  const clock = make({ hour: "numeric", minute: "2-digit" });
  const clockWithSeconds = make({ hour: "numeric", minute: "2-digit", second: "2-digit" });
  const shortDate = make({ day: "numeric", month: "short" });
  const shortDateYear = make({ day: "numeric", month: "short", year: "numeric" });
  const weekday = make({ weekday: "short" });
  const weekdayDate = make({ weekday: "short", day: "numeric", month: "short" });
  const longDay = make({ weekday: "long", day: "numeric", month: "long" });
  const longDayYear = make({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const complete = make({ dateStyle: "full", timeStyle: "long" });
  const iso = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

  const dayKey = (at: string | Date) => iso.format(new Date(at));
  const year = (at: string | Date) => dayKey(at).slice(0, 4);
  /** Whole calendar days from `at` to `now` in the zone; 0 is today, 1 yesterday. */
  const daysAgo = (at: string | Date, now: Date) =>
    Math.round((Date.parse(dayKey(now)) - Date.parse(dayKey(at))) / DAY_MS);
  const time = (at: string | Date) => lowerDayPeriod(clock, new Date(at));
  const date = (at: string | Date, now: Date) =>
    (year(at) === year(now) ? shortDate : shortDateYear).format(new Date(at));

  const withDay = (at: string | Date, now: Date, shown: string) => {
    const ago = daysAgo(at, now);
    if (ago === 0) return `Today, ${shown}`;
    if (ago === 1) return `Yesterday, ${shown}`;
    const day = year(at) === year(now) ? weekdayDate.format(new Date(at)) : shortDateYear.format(new Date(at));
    return `${day}, ${shown}`;
  };

  return {
    dayKey,
    time,
    timeWithSeconds: (at) => lowerDayPeriod(clockWithSeconds, new Date(at)),
    date,
    full: (at) => complete.format(new Date(at)),
    day: (at, now) => {
      const ago = daysAgo(at, now);
      if (ago === 0) return "Today";
      if (ago === 1) return "Yesterday";
      return (year(at) === year(now) ? longDay : longDayYear).format(new Date(at));
    },
    dateTime: (at, now) => withDay(at, now, time(at)),
    exact: (at, now) => withDay(at, now, lowerDayPeriod(clockWithSeconds, new Date(at))),
    brief: (at, now) => {
      const ago = daysAgo(at, now);
      if (ago === 0) return time(at);
      if (ago === 1) return "Yesterday";
      if (ago > 1 && ago < 7) return weekday.format(new Date(at));
      return date(at, now);
    },
  };
}

function supportedLocale(locale: string): string {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale)[0] ?? "en";
  } catch {
    return "en";
  }
}

/** "4:52 PM" shouts; "4:52 pm" with a no-break space does not wrap either. */
function lowerDayPeriod(format: Intl.DateTimeFormat, at: Date): string {
  return format
    .formatToParts(at)
    .map((part) => (part.type === "dayPeriod" ? part.value.toLowerCase().replaceAll(".", "") : part.value))
    .join("")
    .replace(/\s+(?=[ap]m)/, "\u00a0");
}
