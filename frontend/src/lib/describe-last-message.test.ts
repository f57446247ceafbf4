import { expect, it } from "vitest";

import { describeAuthor } from "./describe-last-message";
import { byKey, byStaff, DANIEL, MARIA } from "@/testing/builders";

it("says You only for one's own text, and names colleagues, integrations and automatic texts", () => {
  const author = (direction: string, sent_by: Parameters<typeof describeAuthor>[0]["sent_by"]) => describeAuthor({ direction, sent_by }, MARIA.id);
  expect(author("outbound", byStaff(MARIA))).toBe("You");
  expect(author("outbound", byStaff(DANIEL))).toBe("Daniel");
  expect(author("outbound", byKey("Class reminders"))).toBe("Class reminders (integration)");
  expect(author("outbound", null)).toBe("Automatic");
  expect(author("inbound", null)).toBeNull();
});
