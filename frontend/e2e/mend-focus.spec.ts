/** FOCUS: what a person has typed is never lost and never acts. */
import { expect, test } from "./business";
import { composer, conversations, messages } from "./support";

const WORDS = "Yes, see you at 6";

test("a click on a conversation is followed by typing: the words are in the composer, and nothing closes", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await page.keyboard.type(WORDS);
  await expect(composer(page)).toHaveValue(WORDS);
  await expect(composer(page)).toBeFocused();
  await expect(page.getByRole("heading", { name: /Rivera family/ })).toContainText("open");

  // Neither does it from anywhere else in the thread.
  await messages(page).click();
  await page.keyboard.type(" e?");
  await expect(composer(page)).toHaveValue(`${WORDS} e?`);
  await page.reload();
  await expect(composer(page)).toHaveValue(`${WORDS} e?`);
});

test("the keyboard alone: j, Enter, answer, Escape, e, and the next conversation is there; z undoes", async ({ page, business }) => {
  const rivera = await business.family("Rivera");
  const chen = await business.family("Chen");
  await business.text(chen.number, "We are late");
  await business.text(rivera.number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = (name: RegExp) => conversations(page).getByRole("link", { name });
  await expect(row(/Rivera family/)).toBeVisible();

  await page.keyboard.press("j");
  await expect(row(/Rivera family/)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.type("It is!");
  await page.keyboard.press("Enter");
  await expect(messages(page).getByText("It is!")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(row(/Rivera family/)).toBeFocused();
  await page.keyboard.press("r");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.press("Escape");

  await page.keyboard.press("e");
  await expect(page.getByText("Closed: Rivera family")).toBeVisible();
  await expect(page.getByRole("heading", { name: /Chen family/ })).toBeVisible();
  await expect(row(/Chen family/)).toBeFocused();
  await page.keyboard.press("z");
  await expect(page.getByText("Closed: Rivera family")).toBeHidden();
  await row(/Rivera family/).click();
  await expect(page.getByRole("heading", { name: /Rivera family/ })).toContainText("open");
});

test("each key of the list stands in a tooltip and under ?", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await page.getByRole("button", { name: "New conversation" }).hover();
  await expect(page.getByRole("tooltip")).toHaveText("New conversation n");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await page.getByRole("button", { name: /^Close/ }).hover();
  await expect(page.getByRole("tooltip")).toContainText("e");
  await composer(page).press("Escape");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help.getByRole("region", { name: "In the list" })).toContainText("Close the open conversation and go to the next");
  await expect(help.getByRole("region", { name: "In the text box" })).toContainText("Back to the list");
});
