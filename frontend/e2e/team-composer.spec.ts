/** ASSIGN, REMIND and LATER as two people of the front desk meet them, at a desk and on a phone. */
import { expect, test } from "./business";
import { composer, conversations, details, expectAccessible, messages } from "./support";

test("a conversation is taken, deferred and answered later; the colleague's screen follows", async ({ page, browser, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  const context = await browser.newContext();
  const colleague = await context.newPage();
  await business.signIn(colleague, "daniel");
  for (const each of [page, colleague]) await conversations(each).getByRole("link", { name: /Rivera family/ }).click();
  await expect(composer(page)).toBeFocused();
  await expect(page.getByRole("button", { name: "Assign", exact: true })).toBeVisible();

  // From the list, by key.
  await page.keyboard.press("Escape");
  await page.keyboard.press("m");
  await expect(page.getByRole("button", { name: "Assigned to Maria Delgado" })).toBeVisible();
  await expect(details(colleague)).toContainText("Maria Delgado has it");
  await page.keyboard.press("z");
  await expect(page.getByRole("button", { name: "Assign", exact: true })).toBeVisible();
  await page.keyboard.press("a");
  await expect(page.getByRole("combobox", { name: "Colleagues" })).toBeFocused();
  await page.keyboard.type("dani");
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(colleague.getByRole("button", { name: "Assigned to Daniel Kim" })).toBeVisible();
  await expect(details(colleague)).toContainText("You have it");

  // The times, left and taken.
  await composer(page).fill("See you on Monday.");
  await page.keyboard.press("Control+Shift+Enter");
  await expect(page.getByRole("dialog", { name: "Send later" })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(composer(page)).toBeFocused();
  await page.getByRole("button", { name: "Send later" }).click();
  await page.getByRole("dialog", { name: "Send later" }).getByRole("button", { name: /^Tomorrow/ }).click();
  await expect(page.getByText(/^Scheduled:/)).toBeVisible();
  await expect(composer(page)).toHaveValue("");
  await expect(details(colleague)).toContainText("See you on Monday.");
  await page.getByRole("button", { name: /^Undo/ }).click();
  await expect(composer(page)).toHaveValue("See you on Monday.");
  await expect(details(colleague).getByText("Leaves later")).toBeHidden();

  // Later, and a text brings it back.
  await page.getByRole("button", { name: "Later", exact: true }).click();
  await page.getByRole("button", { name: /^Tomorrow/ }).click();
  await expect(colleague.getByRole("button", { name: /^Until/ })).toBeVisible();
  await expect(details(page)).toContainText("put it off until later");
  await business.text(number, "Hello?");
  await expect(messages(page).getByText("Hello?")).toBeVisible();
  await expect(page.getByRole("button", { name: "Reminder is due" })).toBeVisible();
  await context.close();
});

test("on a phone nothing overlaps: the menu, the times, the composer", async ({ browser, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  const context = await browser.newContext({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).tap();
  await composer(page).fill("It is.");
  await page.getByRole("button", { name: "More" }).tap();
  const menu = page.getByRole("dialog", { name: "More" });
  await expectAccessible(page);
  await menu.getByRole("button", { name: "Assign to me" }).tap();
  await expect(page.getByText("Rivera family: you have it now")).toBeVisible();
  await page.getByRole("button", { name: "Send later" }).tap();
  const times = page.getByRole("dialog", { name: "Send later" });
  for (const control of await times.getByRole("button").all()) {
    expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(43.5);
  }
  await expectAccessible(page);
  await times.getByRole("button", { name: /^Tomorrow/ }).tap();
  await expect(page.getByText(/^Scheduled:/)).toBeVisible();
  await context.close();
});

test("opening hours and the away message: what an administrator sets is what a family gets", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.signIn(page, "ada", "/administration?tab=organization");
  await page.getByText("Answer texts outside opening hours").click();
  await page.getByLabel("Message").fill("We answer in the morning.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Opening hours and away message saved.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: /hours of Monday/ }).click();
  await expectAccessible(page);
  await page.goto("/messenger");
  await business.text(number, "Is class on today?");
  await expect(conversations(page).getByRole("link", { name: /Rivera family/ })).toContainText("We answer in the morning.");
});
