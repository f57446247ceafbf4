/** PERM-ADMIN: staff, their permissions and the API keys. */
import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { anId, aPerson, aStaffMember, DANIEL } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { anApiKey } from "@/testing/administration-handlers";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

describe("staff and permissions", () => {
  it("are reached from the account menu and changed in plain words", async () => {
    world.staff.push(aStaffMember());
    const { user } = renderApp("/families");
    await user.click(await screen.findByRole("button", { name: /^Account/ }));
    await user.click(await screen.findByRole("menuitem", { name: "Administration" }));
    await user.click(await screen.findByRole("button", { name: "Edit Daniel Kim" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Edit Daniel Kim" }));
    expect(dialog.getByRole("checkbox", { name: "SMS Logs" })).toHaveAccessibleDescription(/Sees the Messenger/);
    await user.click(dialog.getByRole("checkbox", { name: "Mass Text" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    const row = within(await screen.findByRole("list", { name: "Staff" }));
    expect(await row.findByText("Mass Text")).toBeVisible();
    expect(world.changes).toEqual([{ path: DANIEL.id, body: { name: "Daniel Kim", is_admin: false, permissions: ["sms_logs", "mass_text"] } }]);
  });

  it("a new person is added with a password and permissions", async () => {
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Add staff member" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Add staff member" }));
    await user.type(dialog.getByLabelText("Name"), "Zoe Young");
    await user.type(dialog.getByLabelText("Email"), "zoe@tumble.example");
    await user.type(dialog.getByLabelText("Password"), "long enough 1");
    await user.click(dialog.getByRole("checkbox", { name: "SMS Logs" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("zoe@tumble.example")).toBeVisible();
    expect(world.changes[0]?.body).toEqual({ name: "Zoe Young", email: "zoe@tumble.example", password: "long enough 1", is_admin: false, permissions: ["sms_logs"] });
  });

  it("those who are archived are listed apart, with what they may do, and restored", async () => {
    world.staff.push(aStaffMember({ archived: true }), aStaffMember({ id: anId(), name: "Zoe Young" }));
    const { user } = renderApp("/administration");
    expect(await screen.findByText("Zoe Young")).toBeVisible();
    expect(screen.queryByText("Daniel Kim")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Archived", pressed: false }));
    const list = within(await screen.findByRole("list", { name: "Archived staff" }));
    await waitFor(() => expect(list.queryByText("Zoe Young")).toBeNull());
    expect(await list.findByText("SMS Logs")).toBeVisible();
    await user.click(list.getByRole("button", { name: "Restore Daniel Kim" }));
    expect(await screen.findByText("Nobody is archived")).toBeVisible();
    expect(world.changes).toEqual([{ path: DANIEL.id, body: { archived: false } }]);
    await user.click(screen.getByRole("button", { name: "Archived", pressed: true }));
    expect(await screen.findByText("Daniel Kim")).toBeVisible();
  });

  it("one who cannot be restored is said to be so", async () => {
    const detail = "Somebody else has this email address now.";
    world.staff.push(aStaffMember({ archived: true }));
    server.use(http.patch("*/api/v1/staff-members/:id", () => problem(409, "/problems/conflict", "Conflict", { detail })));
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Archived" }));
    await user.click(await screen.findByRole("button", { name: "Restore Daniel Kim" }));
    expect(await screen.findByText(`Not restored. ${detail}`)).toBeVisible();
  });

  it("a conflict is said in the API's own sentence and nothing closes", async () => {
    world.staff.push(aStaffMember({ is_admin: true }));
    const detail = "This is the last administrator. Make somebody else one first.";
    server.use(http.patch("*/api/v1/staff-members/:id", () => problem(409, "/problems/conflict", "Conflict", { detail })));
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Edit Daniel Kim" }));
    await user.click(await screen.findByRole("checkbox", { name: "Administrator" }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert")).toHaveTextContent(detail);
    expect(screen.getByRole("dialog", { name: "Edit Daniel Kim" })).toBeVisible();
  });

  it("a value that is not valid is said at its field", async () => {
    server.use(
      http.post("*/api/v1/staff-members", () =>
        problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/email", detail: "This is not an email address." }] }),
      ),
    );
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Add staff member" }));
    await user.click(await screen.findByRole("button", { name: "Save" }));
    expect(await screen.findByText("This is not an email address.")).toBeVisible();
    expect(screen.getByLabelText("Email")).toBeInvalid();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("archiving asks first and says what it does", async () => {
    world.staff.push(aStaffMember());
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Edit Daniel Kim" }));
    await user.click(await screen.findByRole("button", { name: "Archive" }));
    expect(world.changes).toEqual([]);
    expect(screen.getByRole("alert")).toHaveTextContent("can no longer sign in");
    await user.click(screen.getByRole("button", { name: "Archive Daniel Kim" }));
    expect(await screen.findByText("Daniel Kim archived.")).toBeVisible();
    expect(world.changes).toEqual([{ path: DANIEL.id, body: { archived: true } }]);
  });

  it("are closed to everybody else, whatever the address says", async () => {
    world.me = aPerson();
    const { user } = renderApp("/administration");
    expect(await screen.findByText("Administration is not open to you")).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Account/ }));
    expect(await screen.findByText("You can read and send texts.")).toBeVisible();
    expect(screen.queryByRole("menuitem", { name: "Administration" })).toBeNull();
  });
});

describe("API keys", () => {
  it("a new one is shown once, then only by its beginning", async () => {
    const { user } = renderApp("/administration?tab=api-keys");
    await user.click(await screen.findByRole("button", { name: "New API key" }));
    await user.type(await screen.findByLabelText("Name"), "Class software");
    await user.click(screen.getByRole("radio", { name: "Until it is revoked" }));
    await user.click(screen.getByRole("button", { name: "Create" }));
    expect(await screen.findByText("mk_abcd_the-whole-secret")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Copy" }));
    expect(await navigator.clipboard.readText()).toBe("mk_abcd_the-whole-secret");
    await user.click(screen.getByRole("button", { name: "Done" }));
    expect(screen.queryByText("mk_abcd_the-whole-secret")).toBeNull();
    expect(await screen.findByText("mk_abcd…")).toBeVisible();
    expect(screen.getByText(/never used/)).toBeVisible();
    expect(world.changes).toEqual([{ path: "/api-keys", body: { name: "Class software", permissions: ["sms_logs"], expires_at: null, ends_with_creator: false } }]);
  });

  it("one whose answer was lost on the way and asked for again too late is not shown, and says what to do", async () => {
    const made = anApiKey();
    server.use(http.post("/api/v1/api-keys", () => HttpResponse.json({ ...made, key: null }, { status: 201 })));
    const { user } = renderApp("/administration?tab=api-keys");
    await user.click(await screen.findByRole("button", { name: "New API key" }));
    await user.type(await screen.findByLabelText("Name"), "Class software");
    await user.click(screen.getByRole("button", { name: "Create" }));
    expect(await screen.findByText(/revoke it and make another/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Copy" })).toBeNull();
  });

  it("is changed, administration included", async () => {
    world.apiKeys.push(anApiKey({ name: "Old", permissions: ["sms_logs"], created_by: { id: DANIEL.id, name: "Daniel Kim", archived: true } }));
    const { user } = renderApp("/administration?tab=api-keys");
    expect(await screen.findByText(/by Daniel Kim, who is archived/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Change Old" }));
    await user.click(await screen.findByRole("checkbox", { name: /^Administration/ }));
    expect(screen.getByRole("checkbox", { name: /^Mass Text$/ })).toBeDisabled();
    await user.click(screen.getByRole("checkbox", { name: /^Ends with who made it/ }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Old changed. It counts from the next request.")).toBeVisible();
    expect(world.changes).toEqual([{ path: "/api-keys/:id", body: { name: "Old", permissions: ["sms_logs", "administration"], ends_with_creator: true } }]);
  });

  it("is rotated: the new key is shown once, and the old one stays for a day", async () => {
    world.apiKeys.push(anApiKey({ name: "Old" }));
    const { user } = renderApp("/administration?tab=api-keys");
    await user.click(await screen.findByRole("button", { name: "Rotate Old" }));
    expect(await screen.findByRole("radio", { name: /^For a day/ })).toBeChecked();
    await user.click(screen.getByRole("button", { name: "Make the new key" }));
    expect(await screen.findByText("mk_new1_the-whole-secret")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Done" }));
    expect(await screen.findByText(/· until/)).toBeVisible();
  });

  it("of somebody who is archived says why it is not valid, and one that ran out too", async () => {
    const creator = { id: DANIEL.id, name: "Daniel Kim", archived: true };
    world.apiKeys.push(
      anApiKey({ name: "Sync", created_by: creator, ends_with_creator: true, is_valid: false }),
      anApiKey({ name: "Trial", expires_at: "2026-09-03T15:00:00Z", is_valid: false }),
    );
    renderApp("/administration?tab=api-keys");
    expect(await screen.findByText("Not valid while Daniel Kim is archived")).toBeVisible();
    expect(screen.getByText("Expired")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Revoke Trial" })).toBeNull();
  });

  it("is revoked after a second thought", async () => {
    world.apiKeys.push(anApiKey({ name: "Old" }));
    const { user } = renderApp("/administration?tab=api-keys");
    await user.click(await screen.findByRole("button", { name: "Revoke Old" }));
    await user.click(screen.getByRole("button", { name: "Revoke now" }));
    expect(await screen.findByText(/^Revoked Nov 23/)).toBeVisible();
  });
});
