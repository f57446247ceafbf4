import { expect, it } from "vitest";

import { startOfDay } from "./days";

it.each([
  ["2026-11-23", "America/Chicago", 0, "2026-11-23T06:00:00.000Z"],
  ["2026-11-23", "America/Chicago", 1, "2026-11-24T06:00:00.000Z"],
  ["2026-11-23", "Pacific/Auckland", 0, "2026-11-22T11:00:00.000Z"],
  // The day on which clocks go forward, and the one after.
  ["2026-03-08", "America/Chicago", 0, "2026-03-08T06:00:00.000Z"],
  ["2026-03-08", "America/Chicago", 1, "2026-03-09T05:00:00.000Z"],
  // At midnight clocks went to one: the day began then. And back from one to midnight: it began the first time.
  ["2018-11-04", "America/Sao_Paulo", 0, "2018-11-04T03:00:00.000Z"],
  ["2026-11-01", "America/Havana", 0, "2026-11-01T04:00:00.000Z"],
])("%s in %s, %i days on, begins at %s", (day, zone, days, moment) => {
  expect(startOfDay(day, zone, days)).toBe(moment);
});
