/** MASS-HOURS MASS-OPTIN MASS-SIGNUP: what an administrator sets for all mass texts. */
import { screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { aPerson } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

it("an administrator sets the lines, the sign-up message, the limit, the second consent and the hours", async () => {
  const world = new World().install();
  world.me = aPerson({ is_admin: true });
  const { user } = renderApp("/administration?tab=mass-text");
  await user.type(await screen.findByLabelText("First line"), "Corner Gym");
  await user.click(screen.getByLabelText("Message"));
  await user.paste("Welcome! Reply STOP to opt out.");
  const limit = screen.getByLabelText("From how many numbers on to ask");
  await user.clear(limit);
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByText("Write a number, such as 500.")).toBeVisible();
  await user.type(limit, "200");
  await user.click(screen.getByLabelText("Two administrators have to agree"));
  await user.click(screen.getByLabelText("Only within these hours"));
  await user.click(screen.getByRole("button", { name: "Open hours of Monday" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("Settings of mass texts saved.")).toBeVisible();
  expect(world.massTexts.changes).toEqual([
    {
      path: "/organization/mass-text",
      body: expect.objectContaining({
        header: "Corner Gym", footer: "Reply STOP to opt out", signup: "Welcome! Reply STOP to opt out.", confirm_above: 200, needs_approval: true,
        hours: expect.objectContaining({ monday: [{ opens: "09:00", closes: "17:00" }], sunday: [] }) as unknown,
      }) as unknown,
    },
  ]);
});
