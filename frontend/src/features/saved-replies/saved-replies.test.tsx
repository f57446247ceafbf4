/** SAVED: the page of the saved replies; CONTEXT: the page of the links. */
import { screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { aPerson } from "@/testing/builders";
import { aSavedReply } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

it("SAVED: one's own reply is made with a field, changed and deleted", async () => {
  const { user } = renderApp("/saved-replies");
  await user.click(await screen.findByRole("button", { name: "New reply" }));
  const dialog = within(await screen.findByRole("dialog", { name: "New saved reply" }));
  expect(dialog.queryByText("Who can use it"), "only administrators write for everybody").toBeNull();
  await user.type(dialog.getByLabelText("Title"), "Welcome");
  await user.type(dialog.getByLabelText("Text"), "Hi ");
  await user.click(dialog.getByRole("button", { name: "First name" }));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("heading", { name: /Welcome/ })).toBeVisible();
  expect(world.records.changes).toEqual([{ path: "/saved-replies", body: { title: "Welcome", body: "Hi {first_name}", scope: "own" } }]);
  await user.click(screen.getByRole("button", { name: "Edit Welcome" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Delete" }));
  expect(await screen.findByText("No saved replies yet")).toBeVisible();
});

it("SAVED: the business's are read by everybody and changed by administrators", async () => {
  world.records.savedReplies = [aSavedReply({ title: "Hours" })];
  renderApp("/saved-replies");
  expect(await screen.findByText("Everybody")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Edit Hours" })).toBeNull();
});

it("SAVED: an administrator makes one for everybody", async () => {
  world.me = aPerson({ is_admin: true });
  const { user } = renderApp("/saved-replies");
  await user.click(await screen.findByRole("button", { name: "New reply" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Title"), "Snow");
  await user.type(dialog.getByLabelText("Text"), "Closed");
  await user.click(dialog.getByLabelText("Everybody here"));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await screen.findByRole("heading", { name: /Snow/ });
  expect(world.records.changes[0]?.body).toMatchObject({ scope: "organization" });
});

it("CONTEXT: an administrator adds and removes links", async () => {
  world.me = aPerson({ is_admin: true });
  world.records.links = [{ label: "Old", url_template: "https://old.example" }];
  const { user } = renderApp("/administration?tab=links");
  await user.click(await screen.findByRole("button", { name: "Remove Old" }));
  await user.click(screen.getByRole("button", { name: "Add a link" }));
  await user.type(screen.getByLabelText("Name"), "Studio");
  await user.click(screen.getByLabelText("Address"));
  await user.paste("https://studio.example/{external_id}");
  await user.click(screen.getByRole("button", { name: "Save links" }));
  expect(await screen.findByText("Links saved.")).toBeVisible();
  expect(world.records.links).toEqual([{ label: "Studio", url_template: "https://studio.example/{external_id}" }]);
});
