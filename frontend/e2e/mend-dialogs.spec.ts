/** The buttons of a dialog stay in sight, however long its content is and however low the window. */
import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./business";
import { conversations, expectAccessible, messages } from "./support";

async function expectFootInSight(dialog: Locator, save = "Save"): Promise<void> {
  for (const name of ["Cancel", save]) await expect(dialog.getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
}

/** Whether a click in the middle of it would reach it: nothing lies over it. */
const isOnTop = (button: Locator) =>
  button.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
  });

for (const [size, viewport] of Object.entries({ "a low window": { width: 1280, height: 480 }, "a small phone": { width: 360, height: 560 } })) {
  test(`the foot of a long dialog is in sight in ${size}`, async ({ page, business }) => {
    await page.setViewportSize(viewport);
    const { id } = await business.family("Rivera");
    await business.signIn(page, "ada", `/families/${id}`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const family = page.getByRole("dialog", { name: "Edit Rivera family" });
    for (let more = 0; more < 3; more++) await family.getByRole("button", { name: "Add a contact" }).click();
    await scrollAll(page, family);
    await expectFootInSight(family);
    await expectAccessible(page);
    await family.getByRole("button", { name: "Cancel" }).click();

    await page.goto("/administration");
    await page.getByRole("button", { name: "Edit Daniel Kim" }).click();
    const staff = page.getByRole("dialog", { name: "Edit Daniel Kim" });
    await scrollAll(page, staff);
    await expectFootInSight(staff);

    await page.goto("/administration?tab=lines");
    await page.getByRole("button", { name: "Edit Front desk" }).click();
    const line = page.getByRole("dialog", { name: "Edit Front desk" });
    await scrollAll(page, line);
    await expectFootInSight(line);

    await page.goto(`/families/${id}`);
    await page.getByRole("button", { name: /^Change opt-in of/ }).click();
    await expectFootInSight(page.getByRole("dialog", { name: "Change opt-in" }));
  });
}

test("what came in before closing may be long: the answers to the question stay in sight", async ({ page, business }) => {
  await page.setViewportSize({ width: 1280, height: 480 });
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();
  // Between the click and the server, a text gets ahead of it.
  await page.route("**/api/v1/conversations/*/close", async (route) => {
    await business.text(number, "And can her sister come along? ".repeat(40).trim());
    await route.continue();
  }, { times: 1 });
  await page.getByRole("button", { name: /^Close/ }).click();
  const dialog = page.getByRole("dialog", { name: "Not closed: something came in" });
  await expect(dialog).toContainText("And can her sister come along?");
  for (const name of ["Keep it open", "Close anyway"]) await expect(dialog.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
  expect(await isOnTop(dialog.getByRole("button", { name: "Keep it open" }))).toBe(true);
});

/** To the end and back: the foot stays at both, on top of what scrolls under it. */
async function scrollAll(page: Page, dialog: Locator): Promise<void> {
  const body = dialog.getByRole("group").first();
  await expect(dialog.getByRole("button", { name: "Save", exact: true })).toBeVisible();
  for (const end of [true, false]) {
    await body.evaluate((element, toEnd) => element.scrollTo({ top: toEnd ? element.scrollHeight : 0 }), end);
    await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
    await expectFootInSight(dialog);
    expect(await isOnTop(dialog.getByRole("button", { name: "Save", exact: true }))).toBe(true);
  }
}
