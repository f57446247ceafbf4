import { composer, conversations, expect, get, messages, messengerIcon, openFamily, PEOPLE, signIn, test } from "./support";

test("PERM-VIEW: without SMS Logs there is no Messenger icon, no SMS section, and 403", async ({ page }) => {
  await signIn(page, PEOPLE.neither);
  await expect(page).toHaveURL(/\/families$/);
  await expect(messengerIcon(page)).toHaveCount(0);

  await openFamily(page, "Smith");
  await expect(page.getByRole("link", { name: "Communication" })).toHaveCount(0);

  await page.goto("/messenger");
  await expect(page.getByText("needs the SMS Logs permission")).toBeVisible();
  expect((await get(page.request, "/api/v1/conversations")).status()).toBe(403);
});

test("PERM-SEND: with SMS Logs alone one reads, and the composer says what is missing", async ({ page }) => {
  await signIn(page, PEOPLE.onlyReads);
  await expect(messengerIcon(page)).toBeVisible();
  await expect(page.getByRole("button", { name: "New conversation" })).toHaveCount(0);
  await conversations(page).getByRole("link").first().click();
  await expect(messages(page).getByRole("article").first()).toBeVisible();
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText("Sending needs the Mass Text permission.");
  await expect(composer(page)).toHaveCount(0);
});

test("signing out leads to the sign-in, and back needs a password", async ({ page }) => {
  await signIn(page, PEOPLE.onlyReads, "/messenger?status=closed");
  await expect(page).toHaveURL(/status=closed/);
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await page.goto("/messenger");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
});
