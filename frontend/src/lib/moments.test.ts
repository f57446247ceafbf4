import { expect, it } from "vitest";

import { atClock, dayAndClock, startOfDay } from "./days";
import { momentProblem, offeredMoments, offeredReminders } from "./moments";

const CHICAGO = "America/Chicago";
const labels = (at: string) => offeredMoments(new Date(at), CHICAGO).map(({ label, at: moment }) => `${label} ${moment}`);

it("LATER: the times offered are the organization's, whatever the browser's zone", () => {
  // Friday, 10:00 in Chicago.
  expect(labels("2026-11-27T16:00:00Z")).toEqual([
    "This evening 2026-11-28T00:00:00.000Z", "Tomorrow 2026-11-28T15:00:00.000Z", "Monday 2026-11-30T15:00:00.000Z",
  ]);
  expect(offeredReminders(new Date("2026-11-27T16:02:00Z"), CHICAGO)[0]).toEqual({ label: "In an hour", at: "2026-11-27T17:05:00.000Z" });
});

it("an evening that is here is not offered, and a Monday that is tomorrow only once", () => {
  // Friday, 17:45; Sunday, 10:00; late on Sunday, when it is Monday in UTC.
  expect(labels("2026-11-27T23:45:00Z").map((each) => each.split(" ")[0])).toEqual(["Tomorrow", "Monday"]);
  expect(labels("2026-11-29T16:00:00Z").map((each) => each.split(" ")[0])).toEqual(["This", "Tomorrow"]);
  expect(labels("2026-11-30T04:00:00Z")).toEqual(["Tomorrow 2026-11-30T15:00:00.000Z"]);
});

it("a time of day keeps its clock over the change to summer time; one that is skipped comes after", () => {
  expect(atClock("2026-03-07", "09:00", CHICAGO)).toBe("2026-03-07T15:00:00.000Z");
  expect(atClock("2026-03-08", "09:00", CHICAGO)).toBe("2026-03-08T14:00:00.000Z");
  expect(atClock("2026-03-08", "02:30", CHICAGO)).toBe("2026-03-08T08:30:00.000Z");
  expect(dayAndClock(new Date("2026-03-08T14:00:00.250Z"), CHICAGO)).toEqual({ day: "2026-03-08", clock: "09:00" });
  expect(startOfDay("2026-03-08", CHICAGO, 1)).toBe("2026-03-09T05:00:00.000Z");
});

it("a time of one's own is to come, and within a year", () => {
  const now = new Date("2026-11-27T16:00:00Z");
  expect(momentProblem("2026-11-27", "10:01", CHICAGO, now)).toBeNull();
  expect(momentProblem("2026-11-27", "10:00", CHICAGO, now)).toMatch(/passed/);
  expect(momentProblem("2028-01-01", "10:00", CHICAGO, now)).toMatch(/a year/);
  expect(momentProblem("", "10:00", CHICAGO, now)).toMatch(/Choose/);
});
