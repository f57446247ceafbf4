/** MASS-*: a mass text to a class, from its audience to its report, with a pause at half and a parent answered meanwhile. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { composer, conversations, expectAccessible, messages } from "./support";

const gone = async (page: Page) => Number(await page.getByRole("main").getByRole("progressbar").getAttribute("aria-valuenow"));

/** The last look: what differs by the time of day is the reason why it goes outside the hours (PERM-HOURS). */
async function sendNow(page: Page, label: string) {
  const dialog = page.getByRole("dialog", { name: "Send “Snow day”?" });
  await expect(dialog.getByRole("button", { name: label })).toBeVisible();
  const anyHour = dialog.getByText("Send it all the same, outside the hours");
  if (await anyHour.isVisible()) {
    await anyHour.click();
    await dialog.getByLabel("Why").fill("A burst pipe");
  }
  await dialog.getByRole("button", { name: label }).click();
  await expect(dialog).toBeHidden();
}

test("a mass text to Tuesday Level 3: who gets it, tomorrow at 9, other words, a pause, an answer meanwhile, the report", async ({ page, context, business }) => {
  const [parent] = await business.classWithFamilies("Level 3", { texted: 42, optedOut: 2, withoutNumber: 1 });
  await business.setPace(7);
  await business.signIn(page, "ada", "/mass-texts");
  await page.getByRole("link", { name: "New mass text" }).first().press("Enter");

  // Who gets it, and who does not.
  await page.getByLabel("Name", { exact: true }).fill("Snow day");
  await page.getByRole("button", { name: "Add families" }).click();
  const families = page.getByRole("group", { name: "Families" });
  await families.getByRole("button", { name: "Class" }).click();
  await families.getByRole("combobox", { name: "Classes" }).fill("tues");
  await expect(families.getByRole("option", { name: /^Level 3/ })).toBeVisible();
  await families.getByRole("combobox", { name: "Classes" }).press("Enter");
  await page.getByLabel("Text", { exact: true }).fill("{class} is closed for snow, {first_name}.");
  const preview = page.getByRole("complementary", { name: "Preview" });
  await expect(preview.getByText("42 numbers get it")).toBeVisible();
  await expect(preview.getByText("Level 3 is closed for snow, Rosa.")).toBeVisible();
  await expect(preview.getByRole("button", { name: /^2.*Opted out/ })).toBeVisible();
  await preview.getByRole("button", { name: /^1.*No number on the record/ }).click();
  await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expectAccessible(page);

  // Tomorrow at 9, on the clock of the business.
  await page.getByText("At a time", { exact: true }).click();
  await page.getByRole("button", { name: /^Tomorrow, 9:00/ }).click();
  await page.getByRole("button", { name: "Review and send…" }).click();
  const dialog = page.getByRole("dialog", { name: "Send “Snow day”?" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: /^Schedule for tomorrow, 9:00/ }).click();
  await expect(page.getByText(/It goes out tomorrow, 9:00.*to 42 numbers/)).toBeVisible();

  // Other words, and at once.
  await page.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Text", { exact: true }).fill("Level 3 is closed today. Stay warm, {first_name}!");
  await page.getByText("As soon as it is confirmed").click();
  await page.getByRole("button", { name: "Review and send…" }).click();
  await sendNow(page, "Send to 42 numbers");

  // Paused at half, in another tab too.
  const other = await context.newPage();
  await other.goto("/mass-texts");
  await expect.poll(() => gone(page), { intervals: [100] }).toBeGreaterThan(8);
  await page.getByRole("main").getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText(/of 42 numbers had gone when it was paused/)).toBeVisible();
  expect(await gone(page)).toBeLessThan(42);
  await expect(other.getByRole("link", { name: /Snow day.*Paused/ })).toBeVisible();

  // A parent is answered meanwhile.
  if (!parent) throw new Error("The class has no families");
  await business.text(parent.number, "Is the meet on?");
  await other.goto("/messenger");
  await conversations(other).getByRole("link", { name: new RegExp(parent.name) }).click();
  await expect(messages(other).getByRole("link", { name: "Part of “Snow day”" })).toBeVisible();
  await composer(other).fill("The meet is on.");
  await other.getByRole("button", { name: "Send", exact: true }).click();
  await expect.poll(() => business.received(parent.number)).toContain("The meet is on.");

  // The rest, the report, and the spreadsheet.
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByText(/^It went to 42 numbers/)).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  await page.getByRole("button", { name: /^Left out/ }).click();
  await page.getByRole("button", { name: /^Opted out/ }).click();
  await expect(page.getByRole("list", { name: "Recipients" }).getByRole("listitem")).toHaveCount(2);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const file = await (await download).createReadStream();
  const csv = (await file.toArray()).join("");
  expect(csv.trim().split("\n")).toHaveLength(1 + 45);
  const words = (await business.received(parent.number)).filter((text) => text.includes("Stay warm"));
  expect(words, "each gets it once").toHaveLength(1);
  await other.close();
});
