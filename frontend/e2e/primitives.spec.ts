/** The page of primitives, without signing in (decision 0042). */
import { type Page } from "@playwright/test";

import { expect, expectAccessible, test } from "./support";

const OPENED = ["form", "wide dialog", "sheet", "menu", "popover"];

async function openAndCheck(page: Page, what: string): Promise<void> {
  await page.getByRole("button", { name: `Open the ${what}` }).click();
  await expect(page.getByRole(what === "menu" ? "menu" : "dialog")).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [size, viewport] of Object.entries({ desk: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } })) {
    test(`every primitive is accessible: ${size}, ${colorScheme}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", ...(size === "phone" && { hasTouch: true, isMobile: true }) });
      const page = await context.newPage();
      const asked: string[] = [];
      page.on("request", (request) => {
        if (new URL(request.url()).pathname.startsWith("/api/")) asked.push(request.url());
      });
      await page.goto("/primitives");
      await expect(page.getByRole("heading", { name: "Icons" })).toBeVisible();
      await page.getByRole("button", { name: "Show one with Undo" }).click();
      await expect(page.getByRole("button", { name: /^Undo/ })).toBeVisible();
      await expectAccessible(page);
      for (const what of OPENED) await openAndCheck(page, what);
      expect(asked).toEqual([]);
      if (size === "phone") {
        // A picker of files is opened by a button.
        const controls = page.getByRole("main").locator("button, input:not([type=radio], [type=checkbox], [type=file]), select");
        const small = await controls.evaluateAll((all) => all.filter((each) => each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML.slice(0, 200)));
        expect(small).toEqual([]);
      }
      await context.close();
    });
  }
}
