/** Calendar days of a zone as moments, for asking the API about them. */

const DAY_MS = 86_400_000;

/** The first moment of a calendar day ("2026-11-23") in a zone, or of the day `days` after it, as an API time. */
export function startOfDay(day: string, timeZone: string, days = 0): string {
  const midnight = Date.parse(`${day}T00:00:00Z`) + days * DAY_MS;
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  /** How far the zone's clock is ahead of UTC's at a moment. */
  const ahead = (at: number) => {
    const part = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, date, hour, minute, second) - at;
  };
  // The offset can change between the two: where clocks are put forward at midnight, the day begins when they have been.
  const [before, after] = [ahead(midnight - DAY_MS), ahead(midnight + DAY_MS)];
  const candidates = [midnight - before, midnight - after].filter((at) => at + ahead(at) >= midnight);
  return new Date(Math.min(...candidates)).toISOString();
}
