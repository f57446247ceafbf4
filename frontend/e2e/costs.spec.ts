import { expect, test } from "./business";

test("an administrator sets prices, runs on credits and sees what a text cost (COST)", async ({ business, page }) => {
  const { number } = await business.family("Rivera");
  await business.signIn(page, "ada", "/administration?tab=lines");

  await page.getByRole("button", { name: /^Prices of/ }).click();
  const prices = page.getByRole("dialog", { name: /^Prices of/ });
  await prices.getByLabel("Text, a segment").fill("0.0079");
  await prices.getByRole("button", { name: "Save" }).click();
  await expect(prices.getByText("Give an amount, such as 0.0079.")).toBeVisible();
  await prices.getByLabel("Picture", { exact: true }).fill("0,02");
  await prices.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/^Prices of .* saved\.$/)).toBeVisible();

  await page.getByRole("link", { name: "Usage" }).click();
  await page.getByRole("button", { name: "Run on credits" }).click();
  await page.getByLabel("Tell administrators below").fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The credits are used up, so no text leaves.")).toBeVisible();
  await page.getByRole("button", { name: "Add credits" }).click();
  await page.getByRole("dialog").getByLabel("Amount in USD").fill("50");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("$50.00", { exact: true })).toBeVisible();

  await business.textByIntegration("Help desk", number, "See you at 4.");
  const usage = page.getByRole("region", { name: "Usage" });
  await expect(async () => {
    await page.reload();
    await expect(usage.getByRole("row", { name: /Conversations/ })).toContainText("$0.0079", { timeout: 1_000 });
  }).toPass();
  await expect(page.getByText("$49.9921", { exact: true })).toBeVisible();
});
