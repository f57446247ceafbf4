import { describe, expect, it } from "vitest";

import { atMessage, keepFilter, parseMessengerSearch, toLater, toStatus, withFilter, type InboxFilter } from "./inbox-search";

const ID = "33333333-3333-7333-8333-333333333333";
const ALL: Required<InboxFilter> = {
  status: "open", q: "leo", assignee: "me", not_sent: true, later: true, line: ID, tag: "team", sort: "waiting", view: ID, notes: true,
};

describe("the codec of the Messenger's URL", () => {
  it("reads back everything that it writes", () => {
    const throughUrl = JSON.parse(JSON.stringify({ ...ALL, seq: 7 })) as Record<string, unknown>;
    expect(parseMessengerSearch(throughUrl)).toEqual({ ...ALL, seq: 7 });
  });

  it("ignores what is unknown or malformed, and keeps a search for digits", () => {
    const search = { status: "gone", q: 312, assignee: "somebody", not_sent: "yes", line: "1", sort: "name", view: [], seq: -1, utm: "x" };
    const read = parseMessengerSearch(search);
    expect(JSON.parse(JSON.stringify(read))).toEqual({ q: "312" });
    expect(Object.keys(read)).toContain("status"); // Left out, the router would keep the malformed one.
  });

  it("keeps every filter in every link", () => {
    const before = { ...ALL, seq: 7 };
    expect(keepFilter(before)).toEqual(ALL);
    expect(atMessage(9)(before)).toEqual({ ...ALL, seq: 9 });
    expect(withFilter({ q: "mia" })(before)).toEqual({ ...ALL, q: "mia", seq: 7 });
    const tab = { ...ALL, q: undefined, later: undefined, notes: undefined, view: undefined };
    expect(toStatus("closed")(before)).toEqual({ ...tab, status: "closed" });
    expect(toLater(before)).toEqual({ ...tab, status: undefined, later: true });
  });
});
