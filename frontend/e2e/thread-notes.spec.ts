/** NOTE and LATER in the thread: notes to colleagues, mentions, texts that leave later. */
import { expect, test } from "./business";
import { composer, conversations, expectAccessible, messages } from "./support";

test("NOTE: a note is paper, is never sent, mentions a colleague who finds it, and removing it leaves a mark", async ({ page, browser, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  const other = await browser.newPage();
  await business.signIn(other, "daniel");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await row.click();
  await composer(page).fill("My draft to them");

  // By keyboard alone: back to the list, i, the words with @, Enter.
  await composer(page).press("Escape");
  await page.keyboard.press("i");
  const note = page.getByRole("combobox", { name: "Note" });
  await expect(note).toBeFocused();
  await page.keyboard.type("Please call them, @Dan");
  await expect(page.getByRole("option", { name: "Daniel Kim" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(note).toHaveValue("Please call them, @Daniel Kim ");
  await expectAccessible(page);
  await page.keyboard.press("Enter");

  const paper = messages(page).getByRole("article", { name: /Maria Delgado noted/ });
  await expect(paper).toContainText("Please call them, @Daniel Kim");
  await expect(paper).toContainText("Note");
  await page.getByRole("tab", { name: "Text" }).click();
  await expect(composer(page)).toHaveValue("My draft to them");

  // Daniel is told at once, and the list leads to the note.
  await other.getByRole("button", { name: "Mentions, 1 unread mention" }).click();
  await other.getByRole("dialog").getByRole("link", { name: /Maria Delgado/ }).click();
  await expect(other.getByRole("article", { name: /Maria Delgado noted/ })).toBeInViewport();
  await expect(other.getByRole("button", { name: "Mentions", exact: true })).toBeVisible();
  await expect(other.getByRole("article", { name: /noted/ }).getByRole("button", { name: "Edit" })).toHaveCount(0);

  await paper.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByRole("combobox", { name: "Note" }).fill("Called them");
  await page.getByRole("button", { name: "Save note" }).click();
  await expect(messages(other)).toContainText("Called them");
  await messages(other).getByRole("button", { name: /Edited/ }).click();
  await expect(other.getByRole("dialog")).toContainText("Please call them, @Daniel Kim");
  await other.keyboard.press("Escape");

  await paper.getByRole("button", { name: "Remove" }).click();
  await expect(messages(other)).toContainText("Maria Delgado removed this note");
  await page.getByRole("button", { name: /^Undo/ }).click();
  // It is the same note, in its place, with its earlier wording.
  await expect(messages(other).getByRole("article", { name: /noted/ })).toHaveCount(1);
  await expect(messages(other).getByRole("article", { name: /noted/ })).toContainText("Called them");
  await expect(messages(other).getByRole("button", { name: /Edited/ })).toBeVisible();
  await expectAccessible(page);
  await other.close();
});

test("LATER: a scheduled text stands at the end, can be changed and withdrawn, and is sent in one place", async ({ page, business, baseURL }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  const id = /messenger\/([0-9a-f-]+)/.exec(page.url())?.[1] ?? "";
  const scheduled = await page.request.post(`/api/v1/conversations/${id}/messages`, {
    data: { body: "See you at nine", send_at: new Date(Date.now() + 7_200_000).toISOString() },
    headers: { origin: baseURL ?? "" },
  });
  expect(scheduled.status(), await scheduled.text()).toBeLessThan(300);

  const card = page.getByRole("article", { name: "Scheduled text" });
  await expect(card).toContainText("Maria Delgado scheduled it for");
  await card.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Text" }).fill("See you at ten");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(card).toContainText("See you at ten");

  await card.getByRole("button", { name: "Withdraw" }).click();
  await expect(card).toHaveCount(0);
  await page.getByRole("button", { name: /^Undo/ }).click();
  await expect(card).toContainText("See you at ten");

  await business.text(number, "And tomorrow?");
  await expect(card).toContainText("They have written since.");
  await expectAccessible(page);
  await card.getByRole("button", { name: "Send now" }).click();
  await expect(card).toHaveCount(0);
  await expect(messages(page).getByText("See you at ten")).toHaveCount(1);
  await expect(messages(page).getByRole("article").last()).toContainText("See you at ten");
});
