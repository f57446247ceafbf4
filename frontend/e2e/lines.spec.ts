/** A line from its making to its first text, against the carrier simulator: what is set there is what the check says. */
import type { Page } from "@playwright/test";

import { expect, expectAccessible, PEOPLE, signIn, SIMULATOR, test } from "./support";

const NUMBER = "+13125550177";

/** What is set at the carrier for a number of the account `camp`. */
async function atTheCarrier(page: Page, number: string, inbound_url: string | null) {
  await page.request.put(`${SIMULATOR}control/accounts/camp`, { data: { auth_token: "the token" } });
  const answer = await page.request.put(`${SIMULATOR}control/lines/${encodeURIComponent(number)}`, { data: { account_sid: "camp", inbound_url } });
  expect(answer.ok()).toBe(true);
}

async function addLine(page: Page, name: string, number: string) {
  await page.getByRole("button", { name: "Add a line" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a line" });
  await dialog.getByLabel("Provider").selectOption({ label: "Simulator" });
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByRole("textbox", { name: "Number" }).fill(number);
  await dialog.getByRole("textbox", { name: "Account" }).fill("camp");
  await dialog.getByLabel("Token", { exact: true }).fill("wrong");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  return page.getByRole("group", { name: `Set-up of ${name}` });
}

test("a line is added, set up at the carrier as the page says, checked, and texted", async ({ page }) => {
  await signIn(page, PEOPLE.administrator, "/administration?tab=lines");
  const setUp = await addLine(page, "Summer camp", "(312) 555-0177");
  const address = await setUp.getByRole("textbox", { name: "Address for texts" }).inputValue();
  expect(address).toMatch(/^http:.*\/webhooks\/simulator\/[0-9a-f-]{36}\/inbound$/);
  const check = async () => {
    const answered = page.waitForResponse((response) => response.url().endsWith("/check") && response.ok());
    await setUp.getByRole("button", { name: "Check" }).click();
    await answered;
  };

  await atTheCarrier(page, NUMBER, null);
  await check();
  await expect(setUp.getByText("Simulator refuses them.")).toBeVisible();

  await page.getByRole("button", { name: "Edit Summer camp" }).click();
  const dialog = page.getByRole("dialog", { name: "Edit Summer camp" });
  await expect(dialog.getByRole("textbox", { name: "Account" })).toHaveValue("");
  await dialog.getByRole("textbox", { name: "Account" }).fill("camp");
  await dialog.getByLabel("Token", { exact: true }).fill("the token");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await check();
  await expect(setUp.getByText("No address is set")).toBeVisible();

  await atTheCarrier(page, NUMBER, "https://elsewhere.example.com/sms");
  await check();
  await expect(setUp.getByText("https://elsewhere.example.com/sms")).toBeVisible();

  await atTheCarrier(page, NUMBER, address);
  await check();
  await expect(setUp.getByText("The address is set")).toBeVisible();
  const row = page.getByRole("list", { name: "Lines" }).getByRole("listitem").filter({ hasText: "Summer camp" });
  await expect(row.getByText("Ready", { exact: true })).toBeVisible();
  await expect(row.getByText("no text yet")).toBeVisible();

  await page.request.put(`${SIMULATOR}control/handsets/%2B13125550166`, { data: { name: "A new family" } });
  const texted = await page.request.post(`${SIMULATOR}control/handsets/%2B13125550166/texts`, { data: { to: NUMBER, body: "Is camp full?" } });
  expect(texted.ok()).toBe(true);
  await expect(row.getByText(/last text:/)).toBeVisible({ timeout: 30_000 });
  await page.goto("/messenger");
  await expect(page.getByText("Is camp full?")).toBeVisible();
});

test("who is no administrator sees no lines", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/administration?tab=lines");
  await expect(page.getByText("Administration is not open to you")).toBeVisible();
});

test("an archived staff member is brought back", async ({ page }) => {
  await signIn(page, PEOPLE.administrator, "/administration");
  await page.getByRole("button", { name: "Edit Noah" }).click();
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await page.getByRole("button", { name: /^Archive Noah/ }).click();
  await expect(page.getByRole("button", { name: "Edit Noah" })).toBeHidden();
  await page.getByRole("button", { name: "Archived" }).click();
  await page.getByRole("button", { name: "Restore Noah" }).click();
  await expect(page.getByText("Nobody is archived")).toBeVisible();
  await page.getByRole("button", { name: "Archived" }).click();
  await expect(page.getByRole("button", { name: "Edit Noah" })).toBeVisible();
});

for (const [width, colorScheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [360, "dark"]] as const) {
  test.describe(`${width} px, ${colorScheme}`, () => {
    test.use({ viewport: { width, height: 900 }, colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("the lines, their editor, set-up and check meet WCAG 2.2 AA and fit", async ({ page }) => {
      await signIn(page, PEOPLE.administrator, "/administration?tab=lines");
      await expect(page.getByRole("list", { name: "Lines" }).getByRole("listitem").first()).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: /^Set-up of/ }).first().click();
      await page.getByRole("button", { name: "Check" }).click();
      await expect(page.getByText("The address is set")).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Add a line" }).click();
      const dialog = page.getByRole("dialog", { name: "Add a line" });
      await dialog.getByLabel("Provider").selectOption("bandwidth");
      await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Camp");
      await dialog.getByRole("textbox", { name: "Number" }).fill("4777");
      await dialog.getByLabel("Kind").selectOption({ label: "Short code" });
      await dialog.getByLabel("Country").selectOption("NZ");
      await expect(dialog.getByText(/Carriers serving New Zealand/)).toBeVisible();
      await expectAccessible(page);
      await dialog.getByRole("button", { name: "Add", exact: true }).click();
      await expect(dialog.getByText("Bandwidth needs this.").first()).toBeVisible();
      await expectAccessible(page);
    });
  });
}
