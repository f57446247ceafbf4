import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { conversations, expect, messages, openFamily, PEOPLE, signIn, test } from "./support";

async function expectNoViolations(page: Page) {
  // Fading in has a moment of low contrast.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.target.join(" ")) }))).toEqual([]);
}

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`WCAG 2.2 AA, ${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme, contextOptions: { reducedMotion: "reduce" } });

      test("sign-in", async ({ page }) => {
        await page.goto("/sign-in");
        await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
        await expectNoViolations(page);
      });

      test("inbox, thread, dialogs and records", async ({ page }) => {
        await signIn(page, PEOPLE.readsAndAnswers);
        await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
        await expectNoViolations(page);

        await conversations(page).getByRole("link").first().click();
        await expect(messages(page).getByRole("article").first()).toBeVisible();
        await expectNoViolations(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);

        await page.keyboard.press("?");
        await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
        await expectNoViolations(page);

        await page.goto("/families");
        await openFamily(page, "Smith");
        await expectNoViolations(page);
        await page.getByRole("link", { name: "Communication" }).click();
        await expect(page.getByRole("region", { name: "SMS", exact: true })).toBeVisible();
        await expectNoViolations(page);
      });
    });
  }
}
