/** Families and staff, added, changed and archived. */
import { screen, within } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aFamily, aPerson, aStaffMember, DANIEL } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

describe("a family", () => {
  it("is added with its contact and number, and its record opens", async () => {
    const { user, address } = renderApp("/families");
    await user.click(await screen.findByRole("button", { name: "Add family" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Add family" }));
    await user.type(dialog.getByLabelText("Family name"), "Nguyen family");
    await user.type(dialog.getByLabelText("Name"), "Linh Nguyen");
    await user.type(dialog.getByLabelText("Phone number"), "312 555 0150");
    await user.click(dialog.getByRole("button", { name: "Add a number" }));
    world.families.length = 0;
    server.use(
      http.post("*/api/v1/families", async ({ request }) => {
        world.changes.push({ path: "/families", body: (await request.json()) as Record<string, unknown> });
        const created = aFamily({ name: "Nguyen family" });
        world.families.push(created);
        return Response.json(created, { status: 201 });
      }),
    );
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("heading", { name: "Nguyen family" })).toBeVisible();
    expect(address()).toBe(`/families/${world.families[0]?.id ?? ""}`);
    expect(world.changes[0]?.body).toEqual({
      name: "Nguyen family",
      contacts: [{ name: "Linh Nguyen", relation: null, phone_records: [{ phone_number: "312 555 0150", label: null }] }],
    });
  });

  it("that somebody else has changed meanwhile is not overwritten, and what was typed stays", async () => {
    const family = aFamily();
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const name = await screen.findByLabelText("Family name");
    await user.clear(name);
    await user.type(name, "Smith and Jones");
    world.families[0] = { ...family, notes: "Picks up by the side entrance." };
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/somebody has changed this since you opened it/)).toBeVisible();
    expect(name).toHaveValue("Smith and Jones");
    expect(world.changes).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Discard mine, load the current version" }));
    expect(screen.getByLabelText("Family name")).toHaveValue(family.name);
    expect(screen.getByDisplayValue("Picks up by the side entrance.")).toBeVisible();
  });

  it("OPTIN-MOVE: before a changed number is saved, it says that the opt-in stays behind", async () => {
    const family = aFamily();
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const number = await screen.findByLabelText("Phone number");
    await user.clear(number);
    await user.type(number, "312-555-0101");
    expect(screen.queryByText(/not carried over/)).toBeNull();
    await user.clear(number);
    await user.type(number, "312 555 0199");
    expect(screen.getByText("The opt-in of (312) 555-0101 is not carried over: the new number starts as not asked, and can’t be texted until it is opted in.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Smith family saved.")).toBeVisible();
    const [contact] = family.contacts;
    expect(world.changes[0]?.body).toMatchObject({
      contacts: [{ id: contact?.id, phone_records: [{ id: contact?.phone_records[0]?.id, phone_number: "312 555 0199", label: "mobile" }] }],
    });
  });

  it.each(["removed", "emptied", "changed", "removed with its contact"])(
    "OPTIN-REMOVED: before an opted-out number that was %s is saved, it says that the number stays blocked",
    async (how) => {
      const family = aFamily();
      const record = family.contacts[0]?.phone_records[0];
      if (record) record.opt_in = { state: "opted_out", source: "verbal", changed_at: "2026-05-03T15:00:00Z", changed_by: null };
      world.families.push(family);
      const { user } = renderApp(`/families/${family.id}`);
      await user.click(await screen.findByRole("button", { name: "Edit" }));
      const number = await screen.findByLabelText("Phone number");
      const warning = /^Smith family opted out\. \(312\) 555-0101 stays blocked for everyone, also after you remove it here\./;
      expect(screen.queryByText(warning)).toBeNull();
      if (how === "removed") await user.click(screen.getByRole("button", { name: "Remove (312) 555-0101" }));
      else if (how === "removed with its contact") await user.click(screen.getByRole("button", { name: /^Remove [A-Z]/ }));
      else await user.clear(number);
      if (how === "changed") await user.type(number, "312 555 0199");
      expect(screen.getByText(warning)).toBeVisible();
    },
  );

  it("PERM-DIRECTORY: without Families and Staff it is read, and says what changing it needs", async () => {
    world.me = aPerson({ permissions: ["sms_logs", "mass_text"] });
    const family = aFamily();
    world.families.push(family);
    const { user } = renderApp("/families");
    expect(await screen.findByText("You can read records. Changing them needs the Families and Staff permission.")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Add family" })).toBeNull();
    await user.click(await screen.findByRole("link", { name: /Smith family/ }));
    expect(await screen.findByRole("heading", { name: "Smith family" })).toBeVisible();
    expect(screen.getByText(/needs the Families and Staff permission/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
  });

  it("an untouched number goes back exactly as it was", async () => {
    const family = aFamily();
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    await user.type(await screen.findByLabelText("Family name"), "s");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Smith familys saved.")).toBeVisible();
    expect(world.changes[0]?.body).toMatchObject({ contacts: [{ phone_records: [{ phone_number: "+13125550101" }] }] });
  });

  it("a number that is none is said at its place, and nothing is lost", async () => {
    const family = aFamily();
    world.families.push(family);
    const errors = [{ pointer: "/contacts/0/phone_records/0/phone_number", detail: "This is not a phone number." }];
    server.use(http.patch("*/api/v1/families/:id", () => problem(422, "/problems/validation", "Not valid", { errors })));
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    await user.type(await screen.findByLabelText("Phone number"), "9");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("This is not a phone number.")).toBeVisible();
    expect(screen.getByLabelText("Phone number")).toHaveValue("(312) 555-01019");
  });

  it("OPTIN-ARCHIVED: is archived after a word about what stays blocked", async () => {
    const family = aFamily();
    world.families.push(family);
    const { user } = renderApp(`/families/${family.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    await user.click(await screen.findByRole("button", { name: "Archive" }));
    expect(screen.getByRole("alert")).toHaveTextContent("A number that is opted out stays blocked for everybody.");
    await user.click(screen.getByRole("button", { name: "Archive Smith family" }));
    expect(await screen.findByText("Archived")).toBeVisible();
    expect(world.changes).toEqual([{ path: family.id, body: { archived: true } }]);
  });
});

describe("a staff member", () => {
  it("PERM-ADMIN: an administrator changes their numbers", async () => {
    world.me = aPerson({ is_admin: true });
    world.staff.push(aStaffMember());
    const { user } = renderApp(`/staff/${DANIEL.id}`);
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    await user.click(await screen.findByRole("button", { name: "Remove (312) 555-0188" }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Daniel Kim saved.")).toBeVisible();
    expect(world.changes).toEqual([{ path: DANIEL.id, body: { phone_records: [] } }]);
  });

  it("PERM-ADMIN: nobody else is offered that", async () => {
    world.staff.push(aStaffMember());
    renderApp(`/staff/${DANIEL.id}`);
    expect(await screen.findByRole("heading", { name: "Daniel Kim" })).toBeVisible();
    expect(await screen.findByText("daniel@tumble.example", { selector: "dd" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
  });
});
