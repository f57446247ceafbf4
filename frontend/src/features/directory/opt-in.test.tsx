/** Opt-in, seen and changed on records and beside a thread. */
import { screen, within, waitFor } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aCheck, aConversation, aFamily, anId, anInstance, aPerson, aPhoneRecord, aRefusal, aStaffMember, DANIEL, TIMES } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

const OUT = { state: "opted_out", source: "portal", changed_at: "2026-05-03T15:00:00Z", changed_by: null } as const;
const withRecord = (name: string, record: Parameters<typeof aPhoneRecord>[0]) =>
  aFamily({ name: `${name} family`, contacts: [{ ...TIMES, id: anId(), name: `Pat ${name}`, relation: null, phone_records: [aPhoneRecord(record)] }] });

describe("on a record", () => {
  it("is changed with its source, wording and note, and shown at once", async () => {
    const family = withRecord("Smith", { opt_in: OUT });
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}?tab=communication`);
    expect(await screen.findByText(/in the portal, May 3/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Change opt-in of Pat Smith/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change opt-in" }));
    await user.click(dialog.getByRole("radio", { name: "Opted in" }));
    await user.click(dialog.getByRole("radio", { name: "They told us" }));
    await user.type(dialog.getByRole("textbox", { name: "Wording" }), "You can text me");
    await user.type(dialog.getByRole("textbox", { name: "Note" }), "At pick-up");
    await user.click(dialog.getByRole("button", { name: "Save" }));

    expect(await screen.findByText(/verbally, noted by Maria Lopez, Nov 23/)).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(world.optIns).toEqual([
      { id: family.contacts[0]?.phone_records[0]?.id, change: { state: "opted_in", source: "verbal", wording: "You can text me", note: "At pick-up" } },
    ]);
  });

  it("OPTIN-EVIDENCE: offers only the sources a person can give, and wants one", async () => {
    world.staff.push(aStaffMember());
    const { user } = renderApp(`/staff/${DANIEL.id}`);
    await user.click(await screen.findByRole("button", { name: /^Change opt-in of Daniel Kim/ }));
    const sources = within(await screen.findByRole("group", { name: "How do we know?" }));
    expect(sources.getAllByRole("radio")).toHaveLength(3);
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(screen.getByText("Choose how we know.")).toBeVisible();
    expect(world.optIns).toEqual([]);
  });

  it("OPTIN-ALL: a record that is opted in names the other one that blocks its number", async () => {
    const family = withRecord("Garcia", {});
    world.families.push(family, withRecord("Castillo", { opt_in: OUT }));
    renderApp(`/families/${family.id}`);
    expect(await screen.findByText(/^Castillo family opted out on May 3.* in the portal, so this number can.t be texted\.$/)).toBeVisible();
  });

  it("OPTIN-START: a stopped number says that only the person can lift it", async () => {
    const family = withRecord("Smith", {});
    world.families.push(family);
    world.stops.set("+13125550101", "2026-11-20T15:00:00Z");
    const { user } = renderApp(`/families/${family.id}`);
    expect(await screen.findByText(/texted STOP on Nov 20.*, so it can't be texted until they text START/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Change opt-in of Pat Smith/ }));
    expect(await screen.findByText(/Only the person can lift that, by texting START/)).toBeVisible();
  });

  it("a change that fails keeps what was written and says why", async () => {
    const family = withRecord("Smith", {});
    world.families.push(family);
    server.use(http.put("*/api/v1/phone-records/:id/opt-in", () => problem(404, "/problems/not-found", "Not found", { detail: "There is no such phone record." })));
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: /^Change opt-in of Pat Smith/ }));
    await user.click(await screen.findByRole("radio", { name: "They told us" }));
    await user.type(screen.getByRole("textbox", { name: "Note" }), "At pick-up");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Not changed. There is no such phone record.");
    expect(screen.getByRole("textbox", { name: "Note" })).toHaveValue("At pick-up");
  });

  it("PERM-VIEW: is only shown without SMS Logs", async () => {
    world.me = aPerson({ permissions: [] });
    const family = withRecord("Smith", {});
    world.families.push(family);
    renderApp(`/families/${family.id}`);
    expect(await screen.findByText("Opted in")).toBeVisible();
    expect(screen.queryByRole("button", { name: /Change opt-in/ })).toBeNull();
    expect(world.requests.some((request) => request.includes("opt-in-checks"))).toBe(false);
  });
});

describe("beside a thread", () => {
  it("OPTIN-EXPLAIN: the record that blocks is named, and opting it in again frees the number", async () => {
    const blocking = anInstance({ owner_name: "Castillo family", contact_name: "Carmen Castillo", state: "opted_out", blocks: true });
    const conversation = world.add(
      aConversation({ opted_out: true, opt_in_check: aCheck({ allowed: false, reason: "opted_out", instances: [blocking, anInstance()] }) }),
      [{ body: "Hello" }],
    );
    const { user } = renderApp(`/messenger/${conversation.id}`);
    await user.click(await screen.findByRole("button", { name: /^Change opt-in of Carmen Castillo/ }));
    await user.click(await screen.findByRole("radio", { name: "Opted in" }));
    await user.click(screen.getByRole("radio", { name: "They told us" }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Both records with this number are opted in.")).toBeVisible();
    expect(await screen.findByRole("textbox", { name: "Message" })).toBeVisible();
  });
});

describe("OPTIN-REMOVED: a refusal whose record is gone", () => {
  const NUMBER = "+13125550101";

  it("is named on a record with its number, and goes on blocking unless the new consent replaces it", async () => {
    const family = withRecord("Smith", { phone_number: NUMBER, opt_in: { state: "unknown", source: null, changed_at: null, changed_by: null } });
    world.families.push(family);
    const refusal = aRefusal();
    world.refusals.push({ phone_number: NUMBER, instance: refusal });
    const { user } = renderApp(`/families/${family.id}`);
    expect(await screen.findByText(/^This number was on the Castillo family, removed by Olga Brandt on Nov 20.*, and had opted out, so it can.t be texted\.$/)).toBeVisible();
    expect(screen.queryByRole("button", { name: /^Lift the refusal/ })).toBeNull();

    await user.click(screen.getByRole("button", { name: /^Change opt-in of Pat Smith/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change opt-in" }));
    expect(dialog.queryByRole("checkbox")).toBeNull();
    await user.click(dialog.getByRole("radio", { name: "Opted in" }));
    await user.click(await dialog.findByRole("checkbox", { name: "This replaces the refusal of Castillo family" }));
    await user.click(dialog.getByRole("radio", { name: "They told us" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    await screen.findByText("Smith family: opted in.");
    expect(world.optIns[0]?.change).toMatchObject({ state: "opted_in", replaces_refusals: [refusal.refusal_id] });
    expect(screen.queryByText(/Castillo family/)).toBeNull();
  });

  it("shows beside the thread, and an administrator lifts it with a reason", async () => {
    world.me = aPerson({ is_admin: true });
    const refusal = aRefusal();
    const conversation = world.add(aConversation({ opt_in_check: aCheck({ allowed: false, reason: "opted_out", instances: [refusal] }) }));
    const { user } = renderApp(`/messenger/${conversation.id}`);
    const details = within(await screen.findByRole("complementary", { name: "Details" }));
    expect(await details.findByText(/Off the record: removed by Olga Brandt on Nov 20.*The refusal stays with the number\./)).toBeVisible();
    expect(details.queryByRole("button", { name: /^Change opt-in/ })).toBeNull();

    await user.click(details.getByRole("button", { name: "Lift refusal of Castillo family" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Lift refusal" }));
    await user.click(dialog.getByRole("button", { name: "Lift refusal" }));
    expect(dialog.getByRole("alert")).toHaveTextContent("Write down the reason.");
    await user.type(dialog.getByRole("textbox", { name: "Reason" }), "The number is somebody else's now.");
    await user.click(dialog.getByRole("button", { name: "Lift refusal" }));
    expect(await screen.findByText(/The refusal of Castillo family no longer blocks/)).toBeVisible();
    expect(world.lifts).toEqual([{ id: refusal.refusal_id, body: { reason: "The number is somebody else's now." } }]);
  });
});

describe("OPTIN-WHO", () => {
  it.each([[["sms_logs"]], [["directory"]]] as const)("with %s alone a person records a refusal and no consent", async (permissions) => {
    world.me = aPerson({ permissions: [...permissions] });
    const family = withRecord("Smith", {});
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: /^Change opt-in of Pat Smith/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change opt-in" }));
    expect(dialog.queryByRole("radio", { name: "Opted in" })).toBeNull();
    expect(dialog.getByText("Recording that somebody agreed needs the SMS Logs and Mass Text permissions.")).toBeVisible();
    await user.click(dialog.getByRole("radio", { name: "They told us" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    await screen.findByText("Smith family: opted out.");
    expect(world.optIns[0]?.change.state).toBe("opted_out");
  });

  it("with Mass Text alone a person changes nothing", async () => {
    world.me = aPerson({ permissions: ["mass_text"] });
    const family = withRecord("Smith", {});
    world.families.push(family);
    renderApp(`/families/${family.id}`);
    expect(await screen.findByText("Opted in")).toBeVisible();
    expect(screen.queryByRole("button", { name: /^Change opt-in/ })).toBeNull();
  });
});
