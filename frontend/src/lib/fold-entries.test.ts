import { expect, it } from "vitest";

import { foldRuns, isVisit } from "./fold-entries";
import { anEntry } from "@/testing/builders";

it("folds neighbouring visits, and nothing else", () => {
  const entries = ["conversation.viewed", "conversation.viewed", "message.sent", "message.sent", "conversation.viewed"].map((action) => anEntry({ action }));
  expect(foldRuns(entries, isVisit).map((group) => group.length)).toEqual([2, 1, 1, 1]);
  expect(foldRuns(entries, isVisit).flat()).toEqual(entries);
});
