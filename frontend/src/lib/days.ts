/** Calendar days of a zone as moments, for asking the API about them. */

const DAY_MS = 86_400_000;

/** The first moment of a calendar day ("2026-11-23") in a zone, or of the day `days` after it, as an API time. */
export function startOfDay(day: string, timeZone: string, days = 0): string {
  return atClock(new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10), "00:00", timeZone);
}

/** A time of day ("09:00") of a calendar day in a zone, as an API time. Of a time that the clocks skip it is the moment after. */
export function atClock(day: string, clock: string, timeZone: string): string {
  const shown = Date.parse(`${day}T${clock}:00Z`);
  const ahead = clockOf(timeZone);
  // The offset can change between the two: where clocks are put forward at midnight, the day begins when they have been.
  const [before, after] = [ahead(shown - DAY_MS), ahead(shown + DAY_MS)];
  const candidates = [shown - before, shown - after].filter((at) => at + ahead(at) >= shown);
  return new Date(Math.min(...candidates)).toISOString();
}

/** The day and the time of day of a moment in a zone: "2026-11-23", "09:00". */
export function dayAndClock(at: Date, timeZone: string): { day: string; clock: string } {
  const local = new Date(at.getTime() + clockOf(timeZone)(at.getTime())).toISOString();
  return { day: local.slice(0, 10), clock: local.slice(11, 16) };
}

/** How far the zone's clock is ahead of UTC's at a moment. */
function clockOf(timeZone: string): (at: number) => number {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  return (at) => {
    const part = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0, second = 0 } = part;
    // The parts have no milliseconds.
    return Date.UTC(year, month - 1, date, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
  };
}
