import { describe, expect, it } from "vitest";

import { describeActor, describeDeed, describeSystemLine } from "./describe-entry";
import { anEntry } from "@/testing/builders";
import type { AuditEntry } from "@/api/types";

const NUMBER = "+13125550111";
const rosa = { kind: "family", id: "1", name: "Castillo family", contact_name: "Rosa Castillo", until: null };
const byNumber: Pick<AuditEntry, "actor"> = { actor: { kind: "phone_number", id: null, name: NUMBER } };
const formatPhone = (number: string) => `<${number}>`;

describe("an entry names people (AUDIT-READ)", () => {
  it("who hold the number that did it", () => {
    const entry = anEntry({ ...byNumber, action: "phone_number.stopped", holders: [rosa] });
    expect(describeSystemLine(entry, formatPhone)).toBe("Rosa Castillo (Castillo family) stopped texts to this number: it can't be texted");
    const held = anEntry({ ...byNumber, action: "conversation.unread", holders: [rosa, { ...rosa, contact_name: "Luis Castillo" }] });
    expect(`${describeActor(held, formatPhone)} ${describeDeed(held)}`).toBe("Rosa Castillo (Castillo family) and 1 other made it unread");
  });

  it("or held it, else the number, else nothing of an erased one", () => {
    const former = anEntry({ ...byNumber, holders: [{ ...rosa, until: "2026-01-01T00:00:00Z" }] });
    expect(describeActor(former, formatPhone)).toBe("Rosa Castillo (Castillo family)");
    expect(describeActor(anEntry({ ...byNumber, holders: [] }), formatPhone)).toBe(`<${NUMBER}>`);
    expect(describeActor(anEntry({ actor: { kind: "phone_number", id: null, name: "" }, holders: [] }), formatPhone)).toBe("Erased number");
  });

  it("whose opt-in was changed, of several at a number", () => {
    const subject = { kind: "family", id: "2", name: "Ito family", contact_name: "Ken Ito" };
    const changed = anEntry({ action: "opt_in.changed", details: { from: "unknown", to: "opted_out" }, holders: [rosa], subject });
    expect(describeDeed(changed)).toBe("changed the opt-in of Ken Ito (Ito family) from “Not asked” to “Opted out”");
    expect(describeDeed(anEntry({ action: "phone_number.stopped", holders: [rosa], subject: null }))).toBe("stopped texts to Rosa Castillo (Castillo family)");
  });
});
