import { describe, expect, it } from "vitest";

import { explainOptIn } from "./optin";
import { aCheck, anInstance, aRefusal, DANIEL } from "@/testing/builders";

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

  it.each([
    ["72345", "“72345” is a short code, not a phone number, so it can't be texted from here."],
    ["312GYMTEAM", "“312GYMTEAM” is not a phone number, so it can't be texted from here."],
    ["erased:01a21d63", "This number was erased, so it can't be texted. A new text from it starts a new conversation."],
    ["whatsapp:+13125550101", "“whatsapp:+13125550101” is not a phone number, so it can't be texted from here."],
    ["+5215512345678", "+5215512345678 is not how this number is dialled today, so it can't be texted from here."],
  ])("RECV-SENDER: %s can't be texted, and the sentence says why", (phone_number, sentence) => {
    expect(explain(aCheck({ phone_number, allowed: false, reason: "not_a_phone_number", instances: [] }))).toBe(sentence);
  });

  it("NUMBER-ONE: a refusal under another spelling of the number is told as such", () => {
    const other = anInstance({ owner_name: "Silva family", state: "opted_out", changed_at: null, source: null, blocks: true, phone_number: "+551187654321" });
    expect(explain(aCheck({ allowed: false, reason: "opted_out", instances: [other] }))).toBe(
      "Silva family (with +551187654321) opted out, so this number can't be texted.",
    );
    expect(explain(aCheck({ allowed: false, reason: "stopped", stopped_at: "2026-05-03T12:00:00Z", stopped_as: "+551187654321", instances: [] }))).toBe(
      "The person with this number texted STOP as +551187654321 on 3 May, so it can't be texted until they text START.",
    );
  });

  it("OPTIN-REMOVED: says on whose record a refused number was and what became of that", () => {
    const off = (removed: "removed" | "renumbered" | "reset") => aCheck({ allowed: false, reason: "opted_out", instances: [aRefusal({ removed })] });
    expect(explain(off("removed"))).toBe("This number was on the Castillo family, removed by Olga Brandt on 3 May, and had opted out, so it can't be texted.");
    expect(explain(off("renumbered"))).toContain("given another number by Olga Brandt on 3 May");
    expect(explain(off("reset"))).toContain("set to not asked by Olga Brandt on 3 May");
    const jones = anInstance({ owner_name: "Jones family", state: "opted_out", source: "portal", blocks: true });
    expect(explain(aCheck({ allowed: false, reason: "opted_out", instances: [aRefusal(), jones] }))).toMatch(/^Jones family opted out .* and 1 other record blocks it too/);
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
