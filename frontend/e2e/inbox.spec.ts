/** The inbox of a team: filters, saved views, acts on several, and a text to somebody whose name one knows. */
import { expect, test } from "./business";
import { composer, conversations, expectAccessible, messages, messengerIcon } from "./support";

test("TO-NAME: a name finds the mother, her first text makes the conversation, and her record has a Text action", async ({ page, business }) => {
  const { number, id } = await business.family("Castillo");
  await business.signIn(page, "maria");
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByRole("combobox", { name: "Name or number" }).fill("rosa");
  await expect(dialog.getByRole("option", { name: /Castillo family.*Can be texted/ })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  const box = dialog.getByRole("textbox", { name: "First message" });
  await expect(box).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByText("No conversations yet")).toBeVisible();

  await page.goto(`/families/${id}`);
  await page.getByRole("link", { name: /^Text Rosa Castillo/ }).first().click();
  await box.fill("Class is on today");
  await expectAccessible(page);
  await box.press("Enter");
  await expect(messages(page).getByText("Class is on today")).toBeVisible();
  await expect(conversations(page).getByRole("link", { name: /Castillo family/ })).toBeVisible();
  expect(page.url()).not.toContain(number.slice(1));

  // Now the name leads to it.
  await page.getByRole("button", { name: "New conversation" }).click();
  await dialog.getByRole("combobox", { name: "Name or number" }).fill("castillo");
  await dialog.getByRole("option", { name: /Castillo family/ }).click();
  await expect(dialog).toBeHidden();
  await expect(composer(page)).toBeFocused();
});

test("TO-NAME: a number that can't be texted says why, with the record that blocks it", async ({ page, business }) => {
  await business.family("Jones", "opted_out");
  await business.signIn(page, "maria");
  await page.getByRole("button", { name: "New conversation" }).click();
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByRole("combobox", { name: "Name or number" }).fill("jones");
  await dialog.getByRole("option", { name: /Can’t be texted/ }).click();
  await expect(dialog.getByRole("alert")).toContainText(/Jones family/);
  await expect(dialog.getByRole("textbox")).toHaveCount(0);
  await dialog.getByRole("link", { name: "Open Jones family" }).click();
  await expect(page.getByRole("heading", { name: "Jones family" })).toBeVisible();
});

test("NOT-SENT: a text that did not go is marked in its row, beside the badges and in a filter, until it is dismissed", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.family("Okafor");
  await business.text(number, "Call me");
  await business.handset(number, "landline");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await row.click();
  await expect(messages(page).getByText("Call me")).toBeVisible();
  await composer(page).fill("We will");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeEnabled();
  await composer(page).press("Enter");
  await expect(row).toContainText("1 text not sent");
  await expect(messengerIcon(page)).toContainText("texts not sent in 1 conversation");
  await page.getByRole("link", { name: /^Not sent/ }).click();
  await expect(page).toHaveURL(/not_sent=true/);
  await expectAccessible(page);

  await row.focus();
  await page.keyboard.press("x");
  const bar = page.getByRole("toolbar", { name: "Selected conversations" });
  await bar.getByRole("button", { name: "Dismiss" }).click();
  await expect(messengerIcon(page)).not.toContainText("not sent");
  await page.getByRole("button", { name: /^Undo/ }).click();
  await expect(messengerIcon(page)).toContainText("texts not sent in 1 conversation");
});

test("ASSIGN, SAVED: several are assigned by keyboard, live for a colleague, and a filter is kept under a name", async ({ page, browser, business }) => {
  for (const name of ["Rivera", "Okafor", "Hall"]) await business.text((await business.family(name)).number, `Hello from ${name}`);
  await business.signIn(page, "maria");
  const other = await browser.newPage();
  await business.signIn(other, "daniel");
  await expect(conversations(page).getByRole("link")).toHaveCount(3);
  await conversations(page).getByRole("link").first().focus();
  await page.keyboard.press("Control+a");
  const bar = page.getByRole("toolbar", { name: "Selected conversations" });
  await expect(bar).toContainText("3 selected");
  await bar.getByRole("button", { name: "Assign" }).click();
  await page.getByRole("menuitem", { name: "Daniel Kim" }).click();
  await expect(page.getByText("3 conversations assigned")).toBeVisible();
  await expect(bar).toBeHidden();

  await other.getByRole("link", { name: /^Mine 3/ }).click();
  await expect(conversations(other).getByRole("link", { name: /Yours/ })).toHaveCount(3);
  await page.getByRole("button", { name: "Filters and views" }).click();
  await page.getByRole("combobox", { name: "Who has it" }).selectOption({ label: "Daniel Kim" });
  await page.getByRole("textbox", { name: "Name of the new view" }).fill("Daniel’s");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("link", { name: "Unassigned" }).click();
  await page.goto("/messenger");
  await page.getByRole("link", { name: "Daniel’s", exact: true }).click();
  await expect(page).toHaveURL(/assignee=/);
  await expect(conversations(page).getByRole("link")).toHaveCount(3);
  await other.close();
});
