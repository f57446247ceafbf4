/** Who did what is named, visits fold, and a click changes what it settles before the server has answered. */
import { expect, test } from "./business";
import { badges, composer, conversations, details, messages } from "./support";

test("a text of an integration is named as one: in the row and in the thread, never as You", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.textByIntegration("Class software", number, "Your class starts on Monday");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await expect(row).toContainText("Class software (integration): Your class starts on Monday");
  await expect(row).not.toContainText("You:");
  await row.click();
  await expect(messages(page).getByRole("article").filter({ hasText: "Your class starts on Monday" })).toContainText("Class software (integration)");
});

test("visits that changed nothing are one line of What happened, which opens", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await expect(details(page)).toContainText("opened it");
  for (let visit = 1; visit <= 3; visit++) {
    await page.goto("/families");
    await expect(page.getByRole("heading", { name: "Families" })).toBeVisible();
    const seen = page.waitForResponse((response) => response.url().includes("/viewers/") && response.request().method() === "PUT");
    await page.goBack();
    await expect(messages(page).getByText("Is class on today?")).toBeVisible();
    await seen;
  }
  const trail = details(page);
  const all = trail.getByRole("button", { name: /^Show all \d visits$/ });
  await expect(all).toBeVisible();
  await expect(trail.getByText("looked at it")).toHaveCount(1);
  await all.click();
  await expect.poll(() => trail.getByText("looked at it").count()).toBeGreaterThan(1);
});

test("the row and the badge change with the click, before the server has answered", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await expect(row).toContainText("1 unread message");
  await expect.poll(() => badges(page)).toEqual({ red: 1, gray: 0 });

  let letPass = () => {};
  const answer = new Promise<void>((resolve) => (letPass = resolve));
  const asked = page.waitForRequest("**/viewers/**");
  await page.route("**/viewers/**", async (route) => {
    await answer;
    await route.continue();
  });
  await row.click();
  await expect(composer(page)).toBeVisible();
  await asked;
  await expect(row).not.toContainText("unread");
  expect(await badges(page)).toEqual({ red: 0, gray: 1 });

  // The server's answer says the same.
  const answered = page.waitForResponse("**/viewers/**");
  letPass();
  await answered;
  await expect(page.getByRole("heading", { name: /Rivera family/ })).toContainText("open");
  expect(await badges(page)).toEqual({ red: 0, gray: 1 });
});
