/** Why a number may or may not be texted is said wherever it matters: in the thread, before a number is removed, and to everybody. */
import type { Locator } from "@playwright/test";

import { expect, test, type FamilyOfTest } from "./business";
import { changeOptIn, conversations, details, expectAccessible, messages, openFamily } from "./support";

test("OPTIN-EVIDENCE: STOP, START and a changed opt-in stand in the thread and in What happened", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();

  await business.text(number, "STOP");
  await expect(messages(page)).toContainText("stopped texts to this number: it can't be texted");
  await expect(details(page)).toContainText("stopped texts to this number");
  await business.text(number, "START");
  await expect(messages(page)).toContainText("allowed texts again");
  await expect(details(page)).toContainText("allowed texts again");
  await changeOptIn(page, "Rivera family", "Opted out");
  const change = "changed the opt-in .*from “Opted in” to “Opted out”";
  await expect(messages(page)).toContainText(new RegExp(`Maria ${change}`));
  await expect(details(page)).toContainText(new RegExp(`Maria Delgado ${change}`));

  // In the order in which they happened, and not folded away.
  const words = await messages(page).innerText();
  const places = ["stopped texts", "allowed texts", "Maria changed the opt-in"].map((deed) => words.indexOf(deed));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

const national = (number: string) => number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "($1) $2-$3");

const WAYS: Record<string, (editor: Locator, family: FamilyOfTest) => Promise<void>> = {
  "the number is removed": async (editor, { number }) => editor.getByRole("button", { name: `Remove ${national(number)}` }).click(),
  "the number is emptied": async (editor) => editor.getByRole("textbox", { name: "Phone number" }).fill(""),
  "another number takes its place": async (editor) => editor.getByRole("textbox", { name: "Phone number" }).fill("312 555 0188"),
  "its contact is removed": async (editor) => editor.getByRole("button", { name: /^Remove Rosa/ }).click(),
};

for (const [way, remove] of Object.entries(WAYS)) {
  test(`OPTIN-REMOVED: before an opted-out number goes, the editor says what stays: ${way}`, async ({ page, business }) => {
    const family = await business.family("Castillo", "opted_out");
    await business.signIn(page, "maria", `/families/${family.id}`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const editor = page.getByRole("dialog", { name: "Edit Castillo family" });
    const warning = editor.getByText(`Castillo family opted out. ${national(family.number)} stays blocked for everyone, also after you remove it here.`);
    await expect(editor.getByRole("textbox", { name: "Phone number" })).toBeVisible();
    await expect(warning).toHaveCount(0);
    await remove(editor, family);
    await expect(warning).toBeVisible();
    await editor.getByRole("button", { name: "Save" }).click();
    await expect(editor).toBeHidden();

    // It was true: who adds the number anew reads whose refusal still blocks it.
    const again = await business.family("Moreno", "unknown", family.number);
    await page.goto(`/families/${again.id}`);
    await expect(page.getByText(/was on the Castillo family, (removed|given another number) by Maria Delgado on .*, and had opted out/)).toBeVisible();
  });
}

test("OPTIN-REMOVED and OPTIN-ARCHIVED: archiving a family or a staff member says what stays blocked", async ({ page, business }) => {
  const { id } = await business.family("Castillo", "opted_out");
  await business.signIn(page, "ada", `/families/${id}`);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const editor = page.getByRole("dialog", { name: "Edit Castillo family" });
  await editor.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(editor.getByRole("alert")).toContainText("A number that is opted out stays blocked for everybody.");
  await page.keyboard.press("Escape");

  await page.goto("/administration");
  await page.getByRole("button", { name: "Edit Daniel Kim" }).click();
  const staff = page.getByRole("dialog", { name: "Edit Daniel Kim" });
  await staff.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(staff.getByRole("alert")).toContainText("A number of theirs that is opted out stays blocked.");
});

test("OPTIN-EXPLAIN: without SMS Logs an opted-in number is not green, and the record says who could see more", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "STOP");
  await business.person("Noah Weber", ["directory"]);
  await business.signIn(page, "noah", "/families");
  await openFamily(page, "Rivera");
  await expect(page.getByText("Opted in", { exact: true })).toBeVisible();
  await expect(page.getByText("Opted in", { exact: true })).not.toHaveClass(/bg-accent-soft/);
  await expect(page.getByRole("main")).toContainText("shows only with the SMS Logs permission. An administrator can give it to you.");
  await expectAccessible(page);
});
