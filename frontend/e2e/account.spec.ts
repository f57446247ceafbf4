import type { Browser, BrowserContext, Page } from "@playwright/test";

import { expect, expectAccessible, messengerIcon, PASSWORD, PEOPLE, signIn, signInByForm, test } from "./support";

const NEW_PASSWORD = "a much better one";

/** The same person in another browser. */
async function elsewhere(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signInByForm(page, PEOPLE.onlyReads);
  return { context, page };
}

async function openAccount(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Account", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Account", exact: true })).toBeVisible();
}

async function changePassword(page: Page, current: string, next: string): Promise<void> {
  await page.getByLabel("Current password").fill(current);
  await page.getByLabel("New password", { exact: true }).fill(next);
  await page.getByLabel("New password again").fill(next);
  await page.getByRole("button", { name: "Change password" }).click();
}

test("ACCOUNT-SESSIONS: a new password signs the other devices out, and the old one opens nothing", async ({ page, browser }) => {
  await signInByForm(page, PEOPLE.onlyReads);
  const other = await elsewhere(browser);
  await openAccount(page);

  await changePassword(page, "not my password", NEW_PASSWORD);
  await expect(page.getByText("This is not your current password.")).toBeVisible();
  await expectAccessible(page);
  await changePassword(page, PASSWORD, NEW_PASSWORD);
  await expect(page.getByText(/^Password changed, and/)).toBeVisible();
  try {
    // Its event stream ends, so nobody has to click there.
    await expect(other.page.getByRole("button", { name: "Sign in" })).toBeVisible();
    await other.page.getByRole("textbox", { name: "Email" }).fill(PEOPLE.onlyReads);
    await other.page.getByLabel("Password").fill(PASSWORD);
    await other.page.getByRole("button", { name: "Sign in" }).click();
    await expect(other.page.getByText(/don't belong together/)).toBeVisible();
    await other.page.getByLabel("Password").fill(NEW_PASSWORD);
    await other.page.getByRole("button", { name: "Sign in" }).click();
    await expect(messengerIcon(other.page)).toBeVisible();
  } finally {
    // The words of the first change may still be shown: only the answer says that this one is done.
    const answered = page.waitForResponse((response) => response.url().endsWith("/me/password"));
    await changePassword(page, NEW_PASSWORD, PASSWORD);
    expect((await answered).ok()).toBe(true);
  }
  await other.context.close();
});

test("ACCOUNT-SESSIONS: ending another session signs that tab out, on a phone too", async ({ page, browser }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signInByForm(page, PEOPLE.onlyReads);
  const other = await elsewhere(browser);
  await openAccount(page);
  const list = page.getByRole("list", { name: "Where you are signed in" });
  await expect(list.getByRole("listitem").first()).toContainText("This device");
  await expect(list.getByRole("listitem").first()).toContainText(/Chrome on \w+/);
  await expectAccessible(page);

  await list.getByRole("button", { name: /^End session/ }).first().click();
  await expect(page.getByText(/is signed out\.$/)).toBeVisible();
  await expect(other.page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await expect(messengerIcon(page)).toBeVisible();

  const third = await elsewhere(browser);
  await page.reload();
  await page.getByRole("button", { name: "End all others" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "End them now" }).click();
  await expect(list.getByRole("listitem")).toHaveCount(1);
  await expect(third.page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await other.context.close();
  await third.context.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`the Service page, ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("says to administrators that texts are being sent", async ({ page }) => {
      await signIn(page, PEOPLE.administrator, "/administration?tab=service");
      const service = page.getByRole("region", { name: "Service", exact: true });
      await expect(service.getByText("Texts are being sent.")).toBeVisible();
      await expect(service.getByRole("region", { name: "Workers" }).getByText("Working")).toBeVisible();
      await expect(service.getByText(/expects the schema/)).toHaveCount(0);
      await expectAccessible(page);
    });
  });
}
