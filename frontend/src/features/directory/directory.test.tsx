/** REACH-FAMILY and REACH-STAFF: the records, and the conversations of their numbers. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aConversation, aFamily, aHolder, anId, aPerson, aPhoneRecord, aStaffMember, DANIEL, minutesAgo, TIMES } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

describe("the lists", () => {
  it("are searched by name and number, with the search in the address", async () => {
    world.families.push(
      aFamily({ name: "Adams family" }),
      aFamily({ name: "Baker family", contacts: [{ ...TIMES, id: anId(), name: "Bo Baker", relation: null, phone_records: [aPhoneRecord({ phone_number: "+13125550999" })] }] }),
    );
    const { user, address } = renderApp("/families");
    expect(await screen.findByRole("link", { name: /Adams family/ })).toBeVisible();
    await user.type(screen.getByRole("searchbox", { name: "Search name or number" }), "0999");
    await waitFor(() => expect(screen.queryByRole("link", { name: /Adams family/ })).toBeNull());
    expect(await screen.findByRole("link", { name: /Baker family.*\(312\) 555-0999/ })).toBeVisible();
    expect(address()).toMatch(/^\/families\?q=/);
  });

  it("a search for digits survives a reload", async () => {
    world.families.push(aFamily({ name: "Adams family" }));
    renderApp("/families?q=3125550101");
    expect(await screen.findByRole("link", { name: /Adams family/ })).toBeVisible();
    expect(screen.getByRole("searchbox")).toHaveValue("3125550101");
  });

  it("say what was looked for when nothing is found", async () => {
    renderApp("/staff?q=nobody");
    expect(await screen.findByText("Nothing found for “nobody”")).toBeVisible();
  });

  it("show at a glance who may not be texted", async () => {
    const out = aPhoneRecord({ opt_in: { state: "opted_out", source: "portal", changed_at: null, changed_by: null } });
    world.families.push(aFamily({ name: "Adams family", contacts: [{ ...TIMES, id: anId(), name: "A", relation: null, phone_records: [out, aPhoneRecord()] }] }));
    renderApp("/families");
    expect(await screen.findByRole("link", { name: /Adams family/ })).toHaveTextContent("1 number opted out");
  });
});

describe("a record", () => {
  it("REACH-FAMILY: lists the conversations of all its numbers and opens the thread in place", async () => {
    const family = aFamily();
    world.families.push(family);
    world.add(aConversation({ holders: [aHolder({ id: family.id })], phone_number: "+13125550101" }), [{ body: "Is Leo's bag there?", created_at: minutesAgo(5) }]);
    world.add(aConversation({ holders: [aHolder({ id: family.id })], phone_number: "+13125550102" }));
    world.add(aConversation({ phone_number: "+13125550103" }));
    const { user, address } = renderApp(`/families/${family.id}`);
    expect(await screen.findByRole("heading", { name: /Smith family/ })).toBeVisible();
    expect(screen.getByText("in the portal, Sep 3")).toBeVisible();

    await user.click(screen.getByRole("link", { name: "Communication" }));
    const section = within(await screen.findByRole("region", { name: "SMS" }));
    expect(await section.findByRole("link", { name: /\(312\) 555-0102/ })).toBeVisible();
    expect(section.queryByRole("link", { name: /555-0103/ })).toBeNull();
    await user.click(section.getByRole("link", { name: /^\(312\) 555-0101/ }));
    expect(await section.findByText("Is Leo's bag there?", { selector: "div" })).toBeVisible();
    expect(section.getByRole("textbox", { name: "Message" })).toBeVisible();
    expect(address()).toContain(`/families/${family.id}?tab=communication&conversation=`);
  });

  it("REACH-STAFF: calls the section SMS Logs", async () => {
    world.staff.push(aStaffMember());
    renderApp(`/staff/${DANIEL.id}?tab=communication`);
    expect(await screen.findByRole("region", { name: "SMS Logs" })).toBeVisible();
    expect(await screen.findByText("No conversations")).toBeVisible();
  });

  it("PERM-VIEW: has no Communication tab without SMS Logs, whatever the address says", async () => {
    world.me = aPerson({ permissions: [] });
    world.staff.push(aStaffMember());
    renderApp(`/staff/${DANIEL.id}?tab=communication`);
    expect(await screen.findByRole("heading", { name: "Daniel Kim" })).toBeVisible();
    expect(screen.queryByRole("link", { name: "Communication" })).toBeNull();
    expect(screen.getByText("daniel@tumble.example", { selector: "dd" })).toBeVisible();
  });

  it("PERM-TENANT: one that is not there says so", async () => {
    renderApp(`/families/${anId()}`);
    expect(await screen.findByText("This family isn't here")).toBeVisible();
  });
});
