/** A toast covers nothing that is read or typed, and closing can be undone from where it was done. */
import type { Locator } from "@playwright/test";

import { expect, test } from "./business";
import { composer, conversations, messages } from "./support";

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error("It is not on screen.");
  return box;
}

async function overlaps(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = [await boxOf(one), await boxOf(other)];
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

for (const [size, viewport] of Object.entries({ desk: { width: 1280, height: 800 }, phone: { width: 390, height: 780 } })) {
  test(`Close has Undo, ${size}`, async ({ page, business }) => {
    await page.setViewportSize(viewport);
    const { number } = await business.family("Rivera");
    await business.text(number, "Is class on today?");
    await business.signIn(page, "maria");
    await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
    await composer(page).fill("Half a sentence");
    await page.getByRole("button", { name: /^Close/ }).click();
    const toast = page.getByRole("status").filter({ hasText: "Closed: Rivera family" });
    await expect(toast).toBeVisible();
    for (const read of [composer(page), messages(page).getByText("Is class on today?"), page.getByRole("heading", { name: /Rivera family/ })]) {
      expect(await overlaps(toast, read)).toBe(false);
    }
    if (size === "desk") expect(await overlaps(toast, conversations(page).getByRole("link").first())).toBe(false);

    await toast.getByRole("button", { name: /^Undo/ }).click();
    await expect(page.getByRole("button", { name: /^Close/ })).toBeVisible();
    await expect(page.getByRole("heading", { name: /Rivera family/ })).toContainText("open");
    await expect(composer(page)).toHaveValue("Half a sentence");
  });
}
