/** LINE-CHOICE: a number is texted on the line that it knows, and the line is named. */
import { randomInt } from "node:crypto";

import { expect, test } from "./business";
import { composer, conversations, messages } from "./support";

test("LINE-CHOICE: a New Zealand family of the short code keeps its one thread, and another's first text names its line", async ({ page, business }) => {
  const newZealand = () => `+6421${randomInt(1_000_000, 9_999_999)}`;
  // The other line might text them too.
  await business.textCountries("US", "NZ");
  const code = String(randomInt(4_000, 5_000));
  await business.addLine({ label: "New Zealand", phone_number: code, kind: "short_code", country: "NZ" });
  const known = await business.family("Castillo", "opted_in", newZealand());
  const other = await business.family("Moreno", "opted_in", newZealand());
  await business.text(known.number, "Is class on today?", code);
  await business.signIn(page, "maria");
  const rows = conversations(page).getByRole("link", { name: /Castillo family/ });
  await expect(rows).toBeVisible();

  // By its number, as somebody reads it from a sheet.
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  const box = dialog.locator("input").first();
  await page.getByRole("button", { name: "New conversation" }).click();
  await box.fill(known.number);
  await expect(dialog.getByRole("option").or(dialog.getByRole("button", { name: "Start" })).first()).toBeVisible();
  await box.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("New Zealand");
  await composer(page).fill("It is");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(messages(page).getByText("It is", { exact: true })).toBeVisible();

  await page.getByRole("button", { name: "New conversation" }).click();
  await box.fill(other.number);
  await expect(dialog.getByRole("option", { name: /Moreno family/ })).toBeVisible();
  await box.press("Enter");
  await expect(dialog.getByRole("combobox", { name: "From" })).toHaveValue(/./);
  await expect(dialog.getByRole("combobox", { name: "From" }).locator("option:checked")).toHaveText("New Zealand");
  await expect(dialog).toContainText("It is a line of this country.");
  await dialog.getByRole("textbox", { name: "First message" }).fill("Welcome");
  await dialog.getByRole("textbox", { name: "First message" }).press("Enter");
  await expect(conversations(page).getByRole("link", { name: /Moreno family/ })).toContainText("New Zealand");
});
