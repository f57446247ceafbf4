import { describe, expect, it } from "vitest";

import { wants, type Wishes } from "./wants";

const NOON = new Date("2026-11-27T18:00:00Z");
const ZONE = "America/Chicago";

describe("what an open page tells of", () => {
  it.each([
    ["all", "message", false, true], ["mine", "message", false, false], ["mine", "message", true, true], ["mentions", "message", true, false],
    ["mentions", "mention", false, true], ["none", "mention", true, false], ["none", "message", true, false],
  ] as const)("%s: %s, assigned %s: %s", (scope, kind, isAssignee, expected) => {
    expect(wants({ scope, quiet_hours: null }, { kind, isAssignee }, NOON, ZONE)).toBe(expected);
  });

  it.each([
    ["11:00", "13:00", true], ["12:00", "12:01", true], ["11:00", "12:00", false], ["20:00", "13:00", true], ["20:00", "07:00", false],
  ])("is quiet from %s to %s at noon of the business: %s", (since, until, isQuiet) => {
    const wishes: Wishes = { scope: "all", quiet_hours: { since, until } };
    expect(wants(wishes, { kind: "message", isAssignee: false }, NOON, ZONE)).toBe(!isQuiet);
  });
});
