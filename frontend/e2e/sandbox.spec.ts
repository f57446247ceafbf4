/** A sandbox line in the app: test numbers answer by themselves, and what is a test is marked as one. */
import { expect, test } from "./business";
import { conversations, expectAccessible, messages } from "./support";

test("an administrator adds a sandbox line and texts a number that answers STOP, without a phone", async ({ business, page }, info) => {
  await business.family("Okafor", "opted_in", "+17855550116");
  await business.signIn(page, "ada", "/administration?tab=lines");
  await page.getByRole("button", { name: "Add a line" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a line" });
  await dialog.getByLabel("Provider").selectOption("Sandbox (test numbers only)");
  await dialog.getByLabel("Name", { exact: true }).fill("Tests");
  await expectAccessible(page);
  await info.attach("dialog", { body: await page.screenshot(), contentType: "image/png" });
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const numbers = page.getByRole("group", { name: "Test numbers of Tests" });
  await expect(numbers.getByRole("row", { name: /555-0116/ })).toContainText("then the phone texts STOP");
  await expectAccessible(page);
  await info.attach("lines", { body: await page.screenshot({ fullPage: true }), contentType: "image/png" });

  // Nobody names the line: only the sandbox texts this number.
  await business.textByIntegration("Help desk", "+17855550116", "Is this a test?");
  await page.goto("/messenger");
  const row = conversations(page).getByRole("link", { name: /Okafor/ });
  await expect(row).toContainText("Test");
  await row.click();
  await expect(page.getByRole("heading", { level: 2, name: /Okafor/ })).toContainText("Test");
  await expect(messages(page).getByText("STOP", { exact: true })).toBeVisible();
  await expectAccessible(page);
  await info.attach("thread", { body: await page.screenshot(), contentType: "image/png" });
});
