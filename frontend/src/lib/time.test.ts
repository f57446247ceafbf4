import { describe, expect, it } from "vitest";

import { createTimeFormat } from "./time";

const chicago = createTimeFormat({ timeZone: "America/Chicago", country: "US" });
const auckland = createTimeFormat({ timeZone: "Pacific/Auckland", country: "NZ" });
const now = new Date("2026-11-23T18:00:00Z");

describe("times are shown in the organization's zone, as its country writes them", () => {
  it("the same instant is another hour, and another day, elsewhere", () => {
    expect(chicago.time("2026-11-23T22:52:00Z")).toBe("4:52\u00a0pm");
    expect(auckland.time("2026-11-23T22:52:00Z")).toBe("11:52\u00a0am");
    expect(chicago.dayKey("2026-11-23T22:52:00Z")).toBe("2026-11-23");
    expect(auckland.dayKey("2026-11-23T22:52:00Z")).toBe("2026-11-24");
  });

  it("dates follow the country, with the year only when it is another", () => {
    expect(chicago.date("2026-05-03T18:00:00Z", now)).toBe("May 3");
    expect(auckland.date("2026-05-03T00:00:00Z", now)).toBe("3 May");
    expect(auckland.date("2025-05-03T00:00:00Z", now)).toBe("3 May 2025");
  });

  it.each([
    ["2026-11-23T16:31:00Z", "10:31\u00a0am"],
    ["2026-11-23T05:59:00Z", "Yesterday"],
    ["2026-11-21T18:00:00Z", "Sat"],
    ["2026-11-17T18:00:00Z", "Tue"],
    ["2026-11-16T18:00:00Z", "Nov 16"],
    ["2025-11-16T18:00:00Z", "Nov 16, 2025"],
  ])("%s is briefly %s", (at, expected) => {
    expect(chicago.brief(at, now)).toBe(expected);
  });

  it("a day heading is a word for today and yesterday, else the date", () => {
    expect(chicago.day("2026-11-23T12:00:00Z", now)).toBe("Today");
    expect(chicago.day("2026-11-22T12:00:00Z", now)).toBe("Yesterday");
    expect(chicago.day("2026-11-16T12:00:00Z", now)).toBe("Monday, November 16");
    expect(chicago.day("2025-12-31T12:00:00Z", now)).toBe("Wednesday, December 31, 2025");
  });

  it("the day before stays yesterday when the clocks change", () => {
    const dayAfterChange = new Date("2026-11-02T06:30:00Z");
    expect(chicago.brief("2026-11-01T05:30:00Z", dayAfterChange)).toBe("Yesterday");
  });

  it("an unknown country still gets a date", () => {
    const odd = createTimeFormat({ timeZone: "UTC", country: "??" });
    expect(odd.date("2026-05-03T00:00:00Z", now)).toContain("May");
  });
});
