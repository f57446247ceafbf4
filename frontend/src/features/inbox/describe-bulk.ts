/** What became of an act on several conversations, in a sentence. */
import type { BulkAct, BulkResults } from "@/api/bulk";
import { plural } from "@/lib/text";

const DONE: Record<BulkAct["action"], string> = {
  close: "closed",
  reopen: "reopened",
  assign: "assigned",
  release: "released",
  later: "moved to Later",
  dismiss_not_sent: "dismissed",
};

const REFUSED: Record<string, (count: number) => string> = {
  new_messages: (count) => (count === 1 ? "1 has a new text and stays" : `${count} have a new text and stay`),
  not_found: (count) => (count === 1 ? "1 is gone" : `${count} are gone`),
  changed_since: (count) => (count === 1 ? "1 was changed since and stays" : `${count} were changed since and stay`),
};

export function describeBulk({ items }: BulkResults, action: BulkAct["action"] | "undo"): string {
  const count = (result: string) => items.filter((item) => item.result === result).length;
  const done = count("done");
  const unchanged = count("unchanged");
  const word = action === "undo" ? "as before" : DONE[action];
  const parts = [
    done > 0 || unchanged === 0 ? `${plural(done, "conversation")} ${word}` : "",
    unchanged > 0 ? (action === "dismiss_not_sent" ? `${unchanged} had nothing to dismiss` : `${unchanged} ${unchanged === 1 ? "was" : "were"} so already`) : "",
    ...Object.entries(REFUSED).map(([result, words]) => (count(result) > 0 ? words(count(result)) : "")),
  ];
  return parts.filter(Boolean).join("; ");
}
