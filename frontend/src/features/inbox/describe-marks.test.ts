import { expect, it } from "vitest";

import { describeMarks } from "./describe-marks";
import { createTimeFormat } from "@/lib/time";
import { aConversation, anId, NOW } from "@/testing/builders";

const format = createTimeFormat({ timeZone: "America/Chicago", country: "US" });
const formats = { dateTime: (at: string) => format.dateTime(at, NOW) };
const hours = (count: number) => new Date(NOW.getTime() + count * 3_600_000).toISOString();

function marks(row: Parameters<typeof aConversation>[0], more = {}) {
  return describeMarks(aConversation(row), { now: NOW, formats, namesLine: false, waitingTexts: 0, ...more });
}

it("says how long a family has waited once it is long, and stresses what is too long", () => {
  expect(marks({ waiting_since: hours(-0.5) })).toEqual([]);
  expect(marks({ waiting_since: hours(-3) })).toEqual([{ text: "Waiting 3 h", tone: "plain" }]);
  expect(marks({ waiting_since: hours(-50) })).toEqual([{ text: "Waiting 2 days", tone: "warn" }]);
});

it("REMIND, LATER: says until when, that a reminder is due, and when a text goes", () => {
  const reminder = { at: hours(0.25), unless_answered: false, set_by: null, due: false };
  expect(marks({ status: "open", reminder })[0]?.text).toMatch(/^Until \d+:\d\d.[ap]m$/);
  expect(marks({ status: "open", reminder: { ...reminder, unless_answered: true } })[0]?.text).toMatch(/^Unless answered by /);
  expect(marks({ status: "open", reminder: { ...reminder, due: true } })).toEqual([{ text: "Reminder due", tone: "warn" }]);
  expect(marks({ scheduled_at: hours(72) })[0]?.text).toMatch(/^Scheduled for \w{3}, /);
});

it("names the line where there are several, and what this browser has not sent yet", () => {
  const line = { id: anId(), label: "Front desk", sandbox: false };
  expect(marks({ line }, { namesLine: true, waitingTexts: 2 }).map(({ text }) => text)).toEqual(["2 texts not sent yet", "Front desk"]);
});
