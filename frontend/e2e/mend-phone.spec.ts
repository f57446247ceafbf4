/** A phone is a first-class desk: targets, Return, the connection on every screen, a way back from every error. */
import { devices, type Page } from "@playwright/test";

import { expect, test } from "./business";
import { composer, conversations, messages } from "./support";

const PHONE = devices["Pixel 7"];
test.use({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, userAgent: PHONE.userAgent });

/** What a finger cannot hit: smaller than 44 px in a direction. Links within a sentence and hidden controls do not count. */
async function smallTargets(page: Page): Promise<string[]> {
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>("a, button, input, select, textarea, [role=menuitem]")];
    return controls
      .filter((control) => control.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .map((control) => ({ control, hit: (control.matches("input, textarea") && control.closest("div")) || control }))
      .filter(({ hit }) => hit.getBoundingClientRect().width < 43.5 || hit.getBoundingClientRect().height < 43.5)
      .map(({ control, hit }) => {
        const { width, height } = hit.getBoundingClientRect();
        return `${control.tagName} ${control.getAttribute("aria-label") ?? control.textContent.slice(0, 40)} ${Math.round(width)} × ${Math.round(height)}`;
      });
  });
}

test("every target is 44 px on a phone: list, thread, details, records, account", async ({ page, business }) => {
  const rivera = await business.family("Rivera");
  await business.text(rivera.number, "Is class on today?");
  await business.signIn(page, "maria");
  await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
  expect(await smallTargets(page), "the list").toEqual([]);

  await conversations(page).getByRole("link", { name: /Rivera family/ }).tap();
  await composer(page).fill("It is!");
  await page.getByRole("button", { name: "Send", exact: true }).tap();
  await expect(messages(page).getByRole("button", { name: "Delivered" })).toBeVisible();
  expect(await smallTargets(page), "the thread").toEqual([]);

  await page.getByRole("button", { name: "Details" }).tap();
  await expect(page.getByRole("dialog", { name: "Details" })).toContainText("Rivera family is opted in.");
  expect(await smallTargets(page), "the details").toEqual([]);

  for (const path of ["/families", "/classes", `/families/${rivera.id}`, `/families/${rivera.id}?tab=communication`, "/account"]) {
    await page.goto(path);
    await expect(page.getByRole("heading").first()).toBeVisible();
    await page.waitForLoadState("networkidle");
    expect(await smallTargets(page), path).toEqual([]);
  }
});

test("Return makes a new line, and the button sends", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).tap();
  await composer(page).tap();
  await page.keyboard.type("Yes,");
  await page.keyboard.press("Enter");
  await page.keyboard.type("it is.");
  await expect(composer(page)).toHaveValue("Yes,\nit is.");
  await page.getByRole("button", { name: "Send", exact: true }).tap();
  await expect(messages(page).getByText("Yes, it is.")).toBeVisible();
});

test("a lost connection shows inside a thread and outside of the Messenger", async ({ page, context, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).tap();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 5_000 });
  await context.setOffline(false);
  await expect(page.getByText("Connection lost.")).toBeHidden();

  await page.goto("/families");
  await expect(page.getByRole("heading", { name: "Families" })).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 5_000 });
  await context.setOffline(false);
});

test("a conversation that fails to open says so, with a way back", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await page.route(/\/api\/v1\/conversations\/[0-9a-f-]{36}$/, (route) => route.fulfill({ status: 400, json: { type: "about:blank", title: "It broke", status: 400, detail: null } }));
  await conversations(page).getByRole("link", { name: /Rivera family/ }).tap();
  await expect(page.getByText("This conversation couldn't be opened")).toBeVisible();
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  await page.getByRole("button", { name: "Back to the list" }).tap();
  await expect(conversations(page).getByRole("link", { name: /Rivera family/ })).toBeVisible();
});
