import type { Locator, Page } from "@playwright/test";

import { composer, conversations, details, expect, holder, PEOPLE, signIn, test } from "./support";

test("OPTIN-ALL and OPTIN-EXPLAIN: a number that two families share and one opted out of cannot be texted, and the thread names that family", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const dialog = await startConversation(page, "312 555 0112");
  await dialog.getByRole("listbox").getByRole("option").first().click();
  await expect(dialog).toBeHidden();

  const sentence = /Castillo family opted out .*so this number can't be texted\./;
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(sentence);
  await expect(composer(page)).toHaveCount(0);
  await expect(details(page)).toContainText(sentence);
  await expect(holder(page, "Garcia family")).toContainText("Opted in");
  await expect(holder(page, "Castillo family")).toContainText("Opted out");
  await expect(conversations(page).getByRole("link").filter({ hasText: "Carmen" }).or(conversations(page).getByRole("link", { name: /Garcia|Castillo/ })).first()).toContainText("Opted out");
});

test("OPTIN-UNKNOWN-SENDER: a conversation with a number on no record cannot be started", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const dialog = await startConversation(page, "(312) 555-0197");
  await dialog.getByRole("listbox").getByRole("option").click();
  await expect(dialog.getByRole("alert")).toContainText("is on no family or staff record and has not texted this line");
});

test("a number that is none finds nobody, and says so", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const dialog = await startConversation(page, "999999");
  await expect(dialog.getByRole("status")).toContainText("not a whole number");
});

async function startConversation(page: Page, number: string): Promise<Locator> {
  await page.getByRole("button", { name: "New conversation" }).click();
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByRole("combobox", { name: "Name or number" }).fill(number);
  return dialog;
}

test("REACH-FAMILY: the SMS section of a family opens the same thread in place", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/families");
  await page.getByRole("searchbox", { name: "Search name or number" }).fill("0104");
  await page.getByRole("link", { name: /Patel family/ }).click();
  await page.getByRole("link", { name: "Communication" }).click();
  const section = page.getByRole("region", { name: "SMS", exact: true });
  await section.getByRole("link", { name: /^\(312\) 555-010[45]/ }).first().click();
  await expect(section.getByRole("log", { name: "Messages" }).getByRole("article").first()).toBeVisible();
});

test("REACH-STAFF: the SMS Logs section of a staff member does too", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/staff");
  await page.getByRole("link", { name: /Daniel Kim/ }).click();
  await page.getByRole("link", { name: "Communication" }).click();
  await expect(page.getByRole("region", { name: "SMS Logs" })).toBeVisible();
});
