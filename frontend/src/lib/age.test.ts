import { expect, it } from "vitest";

import { describeAge } from "./age";

it.each([
  ["2026-11-23T18:00:00Z", "2026-11-23T18:00:40Z", "40 s"],
  ["2026-11-23T18:00:00Z", "2026-11-23T18:03:59Z", "3 min"],
  ["2026-11-23T18:00:00Z", "2026-11-23T20:00:00Z", "2 h"],
  ["2026-11-23T18:00:00Z", "2026-11-24T19:00:00Z", "1 day"],
  ["2026-11-23T18:00:00Z", "2026-11-27T18:00:00Z", "4 days"],
  ["2026-11-23T18:00:01Z", "2026-11-23T18:00:00Z", "0 s"],
])("from %s to %s it is %s", (from, to, words) => {
  expect(describeAge(from, to)).toBe(words);
});
