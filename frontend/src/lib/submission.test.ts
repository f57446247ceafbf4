import { expect, it } from "vitest";

import { Submission } from "./submission";

it("the same content keeps its key, another gets another", () => {
  const submission = new Submission();
  const key = submission.keyFor({ name: "Smith" });
  expect(submission.keyFor({ name: "Smith" })).toBe(key);
  expect(submission.keyFor({ name: "Smyth" })).not.toBe(key);
});
