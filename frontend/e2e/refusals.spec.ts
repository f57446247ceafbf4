import { changeOptIn, details, expect, expectAccessible, openFamily, openThread, PEOPLE, signIn, test } from "./support";

const NUMBER = "312 555 0120";

test("OPTIN-REMOVED: an opted-out number that is removed stays blocked, says so before and after, and is lifted with a reason", async ({ page }) => {
  await signIn(page, PEOPLE.administrator);
  await openThread(page, NUMBER);
  await page.goto("/families");
  await openFamily(page, "Kowalski");
  await changeOptIn(page, "Piotr Kowalski", "Opted out");

  await page.getByRole("button", { name: "Edit" }).click();
  const editor = page.getByRole("dialog", { name: "Edit Kowalski family" });
  await editor.getByRole("button", { name: /^Remove Piotr/ }).click();
  await expect(editor.getByText("(312) 555-0120 stays blocked for everyone, also after you remove it here.")).toBeVisible();
  await expectAccessible(page);
  await editor.getByRole("button", { name: "Save" }).click();
  await expect(editor).toBeHidden();

  await openThread(page, NUMBER);
  await expect(details(page)).toContainText("This number was on the Kowalski family, removed by Ada Lindgren on");
  await expectAccessible(page);
  await details(page).getByRole("button", { name: "Lift refusal of Kowalski family" }).click();
  const dialog = page.getByRole("dialog", { name: "Lift refusal" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Piotr has another number now.");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Lift refusal" }).click();
  await expect(dialog).toBeHidden();
  await expect(details(page)).not.toContainText("The refusal stays with the number");
});

test("PERM-DIRECTORY: without Families and Staff records are read, and say what changing them needs", async ({ page }) => {
  await signIn(page, PEOPLE.onlyReads, "/families");
  await expect(page.getByText("Changing them needs the Families and Staff permission.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Add family" })).toHaveCount(0);
  await openFamily(page, "Patel");
  await expect(page.getByRole("button", { name: "Edit" })).toHaveCount(0);
});
