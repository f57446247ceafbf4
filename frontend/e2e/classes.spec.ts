/** The directory as an audience: classes with their students, and the filters of Families and Staff, in two tabs and on a phone. */
import { expect, test } from "./business";
import { expectAccessible } from "./support";

test("a class is made, a child joins it, and the class shows in another tab, in the filters, and on a phone", async ({ page, context, business }) => {
  const rivera = await business.family("Rivera");
  await business.family("Okafor");
  await business.signIn(page, "maria", "/classes");
  await expect(page.getByText("No classes yet")).toBeVisible();
  const other = await context.newPage();
  await other.goto("/classes");
  await expect(other.getByText("No classes yet")).toBeVisible();

  // By keyboard alone.
  await page.getByRole("button", { name: "Add class" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Add class" });
  await dialog.getByRole("textbox", { name: "Class" }).fill("Level 3");
  await dialog.getByRole("button", { name: "Tuesday" }).press("Space");
  await dialog.getByLabel("Time").fill("17:30");
  await dialog.getByRole("textbox", { name: "Coach" }).fill("Jo Park");
  await dialog.getByLabel("Location").fill("North studio");
  await dialog.getByLabel("Location").press("Enter");
  await expect(page.getByRole("heading", { name: "Level 3" })).toBeVisible();
  await expect(page.getByText("No students yet")).toBeVisible();
  const row = other.getByRole("link", { name: /^Level 3.*Jo Park/ });
  await expect(row).toContainText("0 students");

  await page.goto(`/families/${rivera.id}`);
  await page.getByRole("button", { name: "Edit" }).click();
  const family = page.getByRole("dialog", { name: "Edit Rivera family" });
  await family.getByRole("button", { name: "Add a student" }).click();
  await family.getByRole("textbox", { name: "Student 1" }).fill("Mia Rivera");
  await family.getByRole("button", { name: "Add a class for Mia Rivera" }).click();
  await family.getByRole("combobox", { name: "Classes" }).fill("tues");
  await expect(family.getByRole("option", { name: /^Level 3/ })).toBeVisible();
  await family.getByRole("combobox", { name: "Classes" }).press("Enter");
  await family.getByRole("combobox", { name: "Add a tag" }).fill("team parents");
  await family.getByRole("combobox", { name: "Add a tag" }).press("Enter");
  await family.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Rivera family saved.")).toBeVisible();
  await expect(row).toContainText("1 student");

  await other.goto("/families");
  const families = other.getByRole("list", { name: "Families" });
  await expect(families.getByRole("listitem")).toHaveCount(2);
  await other.getByRole("button", { name: "Location" }).click();
  await other.getByRole("option", { name: /^North studio/ }).click();
  await expect(families.getByRole("listitem")).toHaveCount(1);
  await other.reload();
  await expect(other.getByRole("button", { name: "Location: North studio. Take off" })).toBeVisible();
  await expect(families.getByRole("link", { name: /Rivera family/ })).toContainText("Mia Rivera");
  await families.getByRole("link").click();
  await other.getByRole("link", { name: /^Level 3 · Tue/ }).click();
  await expect(other.getByText("1 student of 1 family")).toBeVisible();
  await expectAccessible(other);

  await other.setViewportSize({ width: 360, height: 740 });
  await expectAccessible(other);
  await other.getByRole("button", { name: "Edit" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
  await expect(other.getByText("Level 3 archived.")).toBeVisible();
  await page.goto("/classes?archived=true");
  await expect(page.getByRole("link", { name: /^Level 3/ })).toBeVisible();
  await other.getByRole("button", { name: /^Undo/ }).click();
  await expect(page.getByText("Nothing here fits")).toBeVisible();
  await other.getByRole("link", { name: "Classes", exact: true }).first().click();
  await expect(other.getByRole("link", { name: /^Level 3/ })).toBeVisible();
  await expectAccessible(other);
});
