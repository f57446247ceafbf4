/** ACCOUNT-SESSIONS: a person's own password and sessions. */
import { screen, within } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aPerson, aSession, aStaffMember, DANIEL } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

async function typePasswords(user: ReturnType<typeof renderApp>["user"], current: string, next: string, again = next) {
  for (const [label, password] of [["Current password", current], ["New password", next], ["New password again", again]] as const) {
    const field = await screen.findByLabelText(label);
    await user.clear(field);
    if (password) await user.type(field, password);
  }
  await user.click(screen.getByRole("button", { name: "Change password" }));
}

describe("the account page", () => {
  it("is reached from the account menu and shows who one is", async () => {
    const { user, address } = renderApp("/families");
    await user.click(await screen.findByRole("button", { name: /^Account/ }));
    await user.click(await screen.findByRole("menuitem", { name: "Account" }));
    expect(await screen.findByRole("heading", { name: "Account", level: 1 })).toBeVisible();
    expect(screen.getByText("maria@tumble.example")).toBeVisible();
    expect(screen.getByText("Families and Staff")).toBeVisible();
    expect(address()).toBe("/account");
  });
});

describe("changing the password", () => {
  it("ends the other sessions and empties the form", async () => {
    world.sessions.push(aSession(), aSession());
    const { user } = renderApp("/account");
    await typePasswords(user, "the old one", "a much better one");
    expect(await screen.findByText("Password changed, and 2 other sessions ended.")).toBeVisible();
    expect(world.changes).toEqual([{ path: "/me/password", body: { current_password: "the old one", new_password: "a much better one" } }]);
    for (const label of ["Current password", "New password", "New password again"]) expect(screen.getByLabelText(label)).toHaveValue("");
  });

  it.each([
    ["", "a much better one", "a much better one", "Current password", "Enter the password that you sign in with now."],
    ["the old one", "short", "short", "New password", "Use at least 10 characters."],
    ["the old one ", "the old one ", "the old one ", "New password", "Choose another password than the current one."],
    ["the old one", "a much better one", "a much better two", "New password again", "This is not the same as the new password."],
  ])("asks nothing of the server when something is amiss (%s, %s, %s)", async (current, next, again, label, words) => {
    const { user } = renderApp("/account");
    await typePasswords(user, current, next, again);
    expect(await screen.findByText(words)).toBeVisible();
    expect(screen.getByLabelText(label)).toBeInvalid();
    expect(world.changes).toEqual([]);
  });

  it("says at its field that the current one is wrong, and keeps what was typed", async () => {
    const errors = [{ pointer: "/current_password", detail: "This is not your current password." }];
    server.use(http.put("*/api/v1/me/password", () => problem(422, "/problems/validation", "Not valid", { errors })));
    const { user } = renderApp("/account");
    await typePasswords(user, "a guess", "a much better one");
    expect(await screen.findByText("This is not your current password.")).toBeVisible();
    expect(screen.getByLabelText("Current password")).toBeInvalid();
    expect(screen.getByLabelText("New password")).toHaveValue("a much better one");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says how long to wait after too many tries", async () => {
    server.use(http.put("*/api/v1/me/password", () => problem(429, "/problems/rate-limited", "Too many requests", {}, { "Retry-After": "8" })));
    const { user } = renderApp("/account");
    await typePasswords(user, "a guess", "a much better one");
    expect(await screen.findByRole("alert")).toHaveTextContent("Too many tries. Wait 8 seconds, then try again.");
  });
});

describe("sessions", () => {
  it("are listed with this device first, and another is ended", async () => {
    world.sessions.push(aSession({ device: null }), aSession({ device: "Safari on iPhone", address: null }));
    const { user } = renderApp("/account");
    const list = within(await screen.findByRole("list", { name: "Where you are signed in" }));
    const rows = await list.findAllByRole("listitem");
    expect(rows.map((row) => row.querySelector("bdi")?.textContent)).toEqual(["Chrome on Windows", "Safari on iPhone", "Unknown device"]);
    expect(rows[0]).toHaveTextContent("This device");
    expect(rows[0]).toHaveTextContent("from 203.0.113.7");
    expect(within(rows[0] as HTMLElement).queryByRole("button")).toBeNull();
    await user.click(list.getByRole("button", { name: /^End session: Safari on iPhone/ }));
    expect(await screen.findByText("Safari on iPhone is signed out.")).toBeVisible();
    expect(screen.getByRole("heading", { name: "Where you are signed in" })).toHaveFocus();
    expect(world.sessions.map(({ device }) => device)).toEqual(["Chrome on Windows", null]);
  });

  it("are all ended but this one, after a second thought", async () => {
    world.sessions.push(aSession(), aSession());
    const { user } = renderApp("/account");
    await user.click(await screen.findByRole("button", { name: "End all others" }));
    expect(world.sessions).toHaveLength(3);
    await user.click(screen.getByRole("button", { name: "Keep them" }));
    await user.click(screen.getByRole("button", { name: "End all others" }));
    await user.click(screen.getByRole("button", { name: "End them now" }));
    expect(await screen.findByText("2 sessions ended.")).toBeVisible();
    expect(world.sessions.map(({ is_current }) => is_current)).toEqual([true]);
    expect(screen.queryByRole("button", { name: "End all others" })).toBeNull();
  });

  it("of a colleague are ended by an administrator, who sets passwords of others only", async () => {
    world.me = aPerson({ is_admin: true });
    const own = world.me.staff_member;
    world.staff.push(aStaffMember(), aStaffMember({ id: own?.id ?? "", name: own?.name ?? "" }));
    const { user } = renderApp("/administration");
    await user.click(await screen.findByRole("button", { name: "Edit Daniel Kim" }));
    expect(await screen.findByLabelText("New password")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Sign out everywhere" }));
    expect(await screen.findByText("Daniel Kim is signed out everywhere.")).toBeVisible();
    expect(world.changes).toEqual([{ path: `${DANIEL.id}/sessions`, body: {} }]);
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    await user.click(screen.getByRole("button", { name: "Edit Maria Lopez" }));
    expect(await screen.findByText(/change your own password under Account/)).toBeVisible();
    expect(screen.queryByLabelText("New password")).toBeNull();
    expect(screen.queryByRole("button", { name: "Sign out everywhere" })).toBeNull();
  });
});
