/** EXPORT in the app: a conversation is exported and printed, a time range is exported and downloaded. */
import { readFile } from "node:fs/promises";

import { expect, test } from "./business";
import { conversations, expectAccessible } from "./support";

test("the front desk exports a conversation, an administrator a time range (EXPORT)", async ({ business, page, browser }, info) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is <b>Level 3</b> on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera/ }).click();
  await page.getByRole("button", { name: "Export…" }).click();
  const form = page.getByRole("region", { name: "Export" });
  await expect(form.getByLabel("What")).toBeHidden();
  await form.getByRole("button", { name: "Export", exact: true }).click();
  await expectAccessible(page);
  const [download] = await Promise.all([page.waitForEvent("download"), form.getByRole("link", { name: "Download" }).click()]);
  expect(download.suggestedFilename()).toMatch(/^conversation-.*\.html$/);
  const file = await readFile(await download.path(), "utf8");
  expect(file).not.toContain("<script");
  const printed = await (await browser.newContext()).newPage();
  await printed.setContent(file);
  await expect(printed.getByRole("heading", { name: "Conversation: Rivera family" })).toBeVisible();
  await expect(printed.getByText("Is <b>Level 3</b> on today?")).toBeVisible();
  await expectAccessible(printed);
  const pdf = await printed.pdf({ format: "A4" });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  await info.attach("printed", { body: pdf, contentType: "application/pdf" });
  await printed.context().close();

  await business.signIn(page, "ada", "/administration?tab=exports");
  const list = page.getByRole("list", { name: "Exports" });
  await expect(list.getByRole("listitem")).toContainText(["Maria"]);
  await page.getByRole("button", { name: "New export" }).click();
  const dialog = page.getByRole("dialog", { name: "Export a time range" });
  await dialog.getByLabel("From").fill(new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10));
  await dialog.getByLabel("Format").selectOption("ndjson");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Export", exact: true }).click();
  await expect(list.getByRole("listitem")).toHaveCount(2);
  const newest = list.getByRole("listitem").first();
  const [range] = await Promise.all([page.waitForEvent("download"), newest.getByRole("link", { name: "Download" }).click()]);
  const lines = (await readFile(await range.path(), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as { kind: string; body?: string });
  expect(lines.filter(({ kind }) => kind === "message").map(({ body }) => body)).toEqual(["Is <b>Level 3</b> on today?"]);
  await newest.getByRole("button", { name: /^Delete: / }).click();
  await expect(newest.getByText("Its file was deleted.")).toBeVisible();
  await expectAccessible(page);
});
