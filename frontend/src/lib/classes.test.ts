import { expect, it } from "vitest";

import { describeDays, describeWhen } from "./classes";
import type { Weekday } from "./weekdays";

it.each<[Weekday[], string]>([
  [[], ""],
  [["tuesday"], "Tue"],
  [["monday", "tuesday"], "Mon, Tue"],
  [["tuesday", "thursday"], "Tue, Thu"],
  [["monday", "tuesday", "wednesday", "thursday", "friday"], "Mon–Fri"],
  [["monday", "wednesday", "thursday", "friday", "sunday"], "Mon, Wed–Fri, Sun"],
])("%j is said as %j", (days, words) => {
  expect(describeDays(days)).toBe(words);
});

it("leaves out what is not known", () => {
  expect(describeWhen({ weekdays: ["monday", "tuesday", "wednesday"], time: "09:00" })).toBe("Mon–Wed 9:00 am");
  expect(describeWhen({ weekdays: [], time: null })).toBe("");
});
