/** Two people edit one record: who saves second is told, keeps what they typed, and decides. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { expectAccessible } from "./support";

const editor = (page: Page, name: string) => page.getByRole("dialog", { name: `Edit ${name}` });

async function openEditor(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect(editor(page, name).getByLabel("Family name")).toHaveValue(name);
}

test("two people edit one family: the second is told, and takes theirs or keeps their own", async ({ business, page, browser }, info) => {
  const { id, name } = await business.family("Novak");
  await business.signIn(page, "ada", `/families/${id}`);
  const other = await (await browser.newContext()).newPage();
  await business.signIn(other, "maria", `/families/${id}`);

  await openEditor(page, name);
  await openEditor(other, name);
  await editor(other, name).getByLabel("Family name").fill("Novak-Reyes family");
  await editor(other, name).getByRole("button", { name: "Save" }).click();
  await expect(other.getByRole("heading", { name: "Novak-Reyes family" })).toBeVisible();
  await other.context().close();

  const mine = editor(page, name);
  await mine.getByLabel("Family name").fill("Nowak family");
  await mine.getByRole("button", { name: "Save" }).click();
  const told = mine.getByRole("alert");
  await expect(told).toContainText("somebody has changed this since you opened it");
  await expect(told).toBeInViewport({ ratio: 1 });
  await expect(mine.getByLabel("Family name")).toHaveValue("Nowak family");
  await expectAccessible(page);
  await info.attach("told", { body: await page.screenshot(), contentType: "image/png" });

  await told.getByRole("button", { name: "Discard mine, load the current version" }).click();
  const loaded = editor(page, "Novak-Reyes family");
  await expect(loaded.getByLabel("Family name")).toHaveValue("Novak-Reyes family");
  await expect(loaded.getByRole("alert")).toBeHidden();

  await loaded.getByLabel("Family name").fill("Nowak family");
  await business.rename(id, "Reyes family");
  await loaded.getByRole("button", { name: "Save" }).click();
  await loaded.getByRole("button", { name: "Keep mine, overwrite theirs" }).click();
  await expect(page.getByRole("heading", { name: "Nowak family" })).toBeVisible();
});
