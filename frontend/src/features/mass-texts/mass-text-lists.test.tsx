/** Saved lists of a mass text: renamed, deleted and brought back in the composer. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { aBroadcast, anAudience } from "@/testing/broadcasts-world";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

it("a list is renamed, a name that is taken is refused in words, and one is deleted with Undo under its id", async () => {
  const team = anAudience("Team");
  const coaches = anAudience("Coaches");
  world.massTexts.audiences = [coaches, team];
  const draft = aBroadcast({ audience: { ...aBroadcast().audience, families: null, audience_ids: [team.id] } });
  world.massTexts.broadcasts = [draft];
  const { user } = renderApp(`/mass-texts/${draft.id}`);
  await user.click(await screen.findByRole("button", { name: "Rename or delete" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Saved lists" }));
  await user.click(await dialog.findByRole("button", { name: "Rename Team" }));
  const box = dialog.getByLabelText("Name of the list Team");
  expect(box).toHaveFocus();
  world.massTexts.refusals.push(() => problem(409, "/problems/conflict", "Conflict", { detail: "There is a saved audience with this name already." }));
  await user.clear(box);
  await user.type(box, "Coaches{Enter}");
  expect(await dialog.findByText(/^Not renamed. There is a saved audience with this name already./)).toBeVisible();
  await user.clear(box);
  await user.type(box, "Team parents{Enter}");
  expect(await dialog.findByRole("listitem", { name: "Team parents" })).toBeVisible();
  // The mass text goes to it.
  expect(dialog.queryByRole("button", { name: "Delete Team parents" })).toBeNull();

  await user.click(dialog.getByRole("button", { name: "Delete Coaches" }));
  await waitFor(() => expect(dialog.queryByRole("listitem", { name: "Coaches" })).toBeNull());
  await user.click(await dialog.findByRole("button", { name: "Undo the deletion of Coaches" }));
  expect(await dialog.findByRole("listitem", { name: "Coaches" })).toBeVisible();
  expect(world.massTexts.audiences.find(({ name }) => name === "Coaches")?.id).toBe(coaches.id);
  await user.click(dialog.getByRole("button", { name: "Done" }));
  expect(await screen.findByRole("button", { name: "Take off the list Team parents" })).toBeVisible();
});
