import { composer, conversations, expect, PEOPLE, signIn, test } from "./support";

test("OPTIN-ALL and OPTIN-EXPLAIN: a shared number that one family opted out of cannot be texted, and the thread names that family", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await page.getByRole("button", { name: "New conversation" }).click();
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByRole("textbox", { name: "Phone number" }).fill("312 555 0112");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByRole("alert")).toContainText(/(Garcia|Castillo) family opted out .*so this number can't be texted\./);
  await page.keyboard.press("Escape");

  const row = conversations(page).getByRole("link").filter({ hasText: "Opted out" }).first();
  await row.click();
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText("be texted");
  await expect(composer(page)).toHaveCount(0);
});

test("REACH-FAMILY: the SMS section of a family opens the same thread in place", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/families");
  await page.getByRole("searchbox", { name: "Search name or number" }).fill("0104");
  await page.getByRole("link", { name: /Patel family/ }).click();
  await page.getByRole("link", { name: "Communication" }).click();
  const section = page.getByRole("region", { name: "SMS", exact: true });
  await section.getByRole("link", { name: /555-010[45]/ }).first().click();
  await expect(section.getByRole("log", { name: "Messages" }).getByRole("article").first()).toBeVisible();
});

test("REACH-STAFF: the SMS Logs section of a staff member does too", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/staff");
  await page.getByRole("link", { name: /Daniel Kim/ }).click();
  await page.getByRole("link", { name: "Communication" }).click();
  await expect(page.getByRole("region", { name: "SMS Logs" })).toBeVisible();
});
