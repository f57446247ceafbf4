import { describe, expect, it } from "vitest";

import { explainOptIn } from "./optin";
import { aCheck, anInstance, DANIEL } from "@/testing/builders";

const explain = (check: Parameters<typeof explainOptIn>[0]) => explainOptIn(check, () => "3 May").sentence;

describe("OPTIN-EXPLAIN: one sentence names what blocks", () => {
  it("names the family that opted out, since when and where", () => {
    const jones = anInstance({ owner_name: "Jones family", state: "opted_out", source: "portal", blocks: true });
    expect(explain(aCheck({ allowed: false, reason: "opted_out", instances: [anInstance(), jones] }))).toBe(
      "Jones family opted out on 3 May in the portal, so this number can't be texted.",
    );
  });

  it("says who noted it, and how many more block", () => {
    const actor = { kind: "staff_member" as const, ...DANIEL };
    const out = anInstance({ owner_name: "Jones family", state: "opted_out", source: "verbal", changed_by: actor, blocks: true });
    const unknown = anInstance({ owner_name: "Maya Smith", kind: "staff_member", state: "unknown", blocks: true });
    expect(explain(aCheck({ allowed: false, reason: "opted_out", instances: [unknown, out] }))).toBe(
      "Jones family opted out on 3 May (verbally, noted by Daniel Kim) and 1 other record blocks it too, so this number can't be texted.",
    );
  });

  it("OPTIN-ARCHIVED: an archived record that blocks is called archived", () => {
    const gone = anInstance({ owner_name: "Old family", state: "opted_out", archived: true, changed_at: null, source: null, blocks: true });
    expect(explain(aCheck({ allowed: false, reason: "opted_out", instances: [gone] }))).toBe(
      "Old family (archived) opted out, so this number can't be texted.",
    );
  });

  it("a staff member's record is called staff", () => {
    const staff = anInstance({ owner_name: "Daniel Kim", kind: "staff_member", state: "unknown", blocks: true });
    expect(explain(aCheck({ allowed: false, reason: "not_opted_in", instances: [staff] }))).toBe(
      "Daniel Kim (staff) has never been asked whether we may text, so this number can't be texted.",
    );
  });

  it("OPTIN-STOP and OPTIN-START: says what was texted and what lifts it", () => {
    expect(explain(aCheck({ allowed: false, reason: "stopped", stopped_at: "2026-05-03T12:00:00Z" }))).toBe(
      "The person with this number texted STOP on 3 May, so it can't be texted until they text START.",
    );
  });

  it("OPTIN-UNKNOWN-SENDER: may be answered, not written to first", () => {
    expect(explain(aCheck({ instances: [], note: "consumer_initiated" }))).toContain("They texted you first");
    expect(explain(aCheck({ allowed: false, reason: "no_record", instances: [] }))).toContain("has never texted you");
    expect(explain(aCheck({ allowed: false, reason: "country_not_allowed", note: "CA" }))).toBe(
      "This line may not text numbers in Canada. An administrator can allow it in the line's settings.",
    );
    expect(explain(aCheck({ allowed: false, reason: "country_not_allowed", note: null }))).toContain("numbers in that country");
  });

  it("counts the records when all are opted in", () => {
    expect(explain(aCheck())).toBe("Smith family is opted in.");
    expect(explain(aCheck({ instances: [anInstance(), anInstance()] }))).toBe("Both records with this number are opted in.");
    expect(explain(aCheck({ instances: [anInstance(), anInstance(), anInstance()] }))).toBe("All 3 records with this number are opted in.");
  });

  it("a reason it does not know is still a clear no", () => {
    expect(explainOptIn(aCheck({ allowed: false, reason: "no_record" }), () => "").answer).toBe("No.");
    expect(explain({ ...aCheck({ allowed: false }), reason: "something_new" })).toBe("This number can't be texted.");
  });
});
