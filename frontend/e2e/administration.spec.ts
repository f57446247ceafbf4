import { expect, expectAccessible, openFamily, PEOPLE, signIn, test } from "./support";

for (const [width, colorScheme] of [[1440, "light"], [360, "dark"]] as const) {
  test.describe(`${width} px, ${colorScheme}`, () => {
    test.use({ viewport: { width, height: 800 }, colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("administration and the editors of records meet WCAG 2.2 AA and fit", async ({ page }) => {
      await signIn(page, PEOPLE.administrator, "/administration");
      await expect(page.getByRole("button", { name: "Edit Daniel Kim" })).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Edit Daniel Kim" }).click();
      await expect(page.getByRole("dialog", { name: "Edit Daniel Kim" })).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "API keys" }).click();
      await page.getByRole("button", { name: "New API key" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("Class software");
      await page.getByRole("button", { name: "Create" }).click();
      await expect(page.getByText("This is the only time it is shown.")).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Done" }).click();
      await expect(page.getByRole("list", { name: "API keys" })).toContainText("Class software");
      await expectAccessible(page);
      await page.getByRole("button", { name: "Rotate Class software" }).first().click();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Make the new key" }).click();
      await expect(page.getByText("This is the only time it is shown.")).toBeVisible();
      await page.getByRole("button", { name: "Done" }).click();
      await page.getByRole("button", { name: "Change Class software" }).first().click();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Audit log" }).click();
      const log = page.getByRole("region", { name: "Audit log" });
      await log.getByRole("listitem").first().locator("summary").click();
      await log.getByRole("button", { name: "Verify" }).click();
      await expect(log.getByText(/The log is whole/)).toBeVisible();
      await expectAccessible(page);

      await page.goto("/administration?tab=quarantine");
      await expect(page.getByText("Nothing is quarantined")).toBeVisible();
      await expect(page.getByRole("link", { name: /^Quarantined texts/ })).toBeInViewport({ ratio: 0.9 });
      await expectAccessible(page);

      await page.goto("/families");
      await openFamily(page, "Garcia");
      await expect(page.getByText(/Castillo family opted out/)).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Edit", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Edit Garcia family" })).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Communication" }).click();
      await page.getByRole("button", { name: /^Change opt-in of Carmen Garcia/ }).click();
      await expect(page.getByRole("dialog", { name: "Change opt-in" })).toBeVisible();
      await expectAccessible(page);
    });
  });
}
