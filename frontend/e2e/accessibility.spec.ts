import { conversations, expect, expectAccessible, messages, openFamily, PEOPLE, signIn, test } from "./support";

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`WCAG 2.2 AA, ${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme, contextOptions: { reducedMotion: "reduce" } });

      test("sign-in", async ({ page }) => {
        await page.goto("/sign-in");
        await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
        await expectAccessible(page);
      });

      test("inbox, thread, dialogs and records", async ({ page }) => {
        await signIn(page, PEOPLE.readsAndAnswers);
        await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
        await expectAccessible(page);

        await conversations(page).getByRole("link").first().click();
        await expect(messages(page).getByRole("article").first()).toBeVisible();
        await expectAccessible(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);

        // In a thread it would be text.
        await page.goto("/messenger");
        await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
        await page.keyboard.press("?");
        await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
        await expectAccessible(page);

        await page.goto("/families");
        await openFamily(page, "Smith");
        await expectAccessible(page);
        await page.getByRole("link", { name: "Communication" }).click();
        await expect(page.getByRole("region", { name: "SMS", exact: true })).toBeVisible();
        await expectAccessible(page);
      });
    });
  }
}
