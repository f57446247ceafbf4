import { badges, composer, conversations, expect, Handset, messages, messengerIcon, PEOPLE, signIn, signInByForm, test } from "./support";

test("a parent texts, it appears live, it is answered, the answer arrives, the conversation is closed", async ({ page, context }) => {
  await signInByForm(page, PEOPLE.readsAndAnswers);
  await expect(page).toHaveURL(/\/messenger$/);
  await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
  await expect(messengerIcon(page)).toHaveAccessibleName(/Messenger/);
  const before = await badges(page);

  // A text from a handset arrives without reload, and the red badge rises.
  const handset = await Handset.open(context, "Tia Walker");
  const question = `Is there class on Monday? ${Date.now()}`;
  await handset.text(question);
  const row = conversations(page).getByRole("link", { name: /Walker family/ });
  await expect(row).toContainText(question);
  await expect.poll(async () => (await badges(page)).red).toBe(before.red + 1);
  await expect(page).toHaveTitle(new RegExp(`^\\(${before.red + 1}\\) Messenger`));
  const unread = await badges(page);

  // Opening it: the red badge falls, the gray one rises.
  await row.click();
  await expect(messages(page).getByText(question)).toBeVisible();
  await expect.poll(() => badges(page)).toMatchObject({ gray: unread.gray + 1 });
  expect((await badges(page)).red).toBeLessThan(unread.red);
  await expect(page.getByRole("separator", { name: "New messages" })).toBeVisible();
  await expect(page.getByRole("complementary", { name: "Details" })).toContainText("Walker family is opted in.");

  // The answer is on the handset, and its delivery in the thread.
  const answer = `Yes, at 4:30. See you then! ${Date.now()}`;
  await composer(page).fill(answer);
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("");
  await expect(handset.texts).toContainText(answer);
  const sent = messages(page).getByRole("article").filter({ hasText: answer });
  await expect(sent.getByRole("button", { name: "Delivered" })).toBeVisible();
  await expect(sent).toHaveCount(1);

  // Who did what is on record.
  const trail = page.getByRole("complementary", { name: "Details" });
  await expect(trail).toContainText("Maria Delgado sent a message");
  await expect(trail).toContainText("Maria Delgado opened it");
  await expect(trail).toContainText("Tia Walker (Walker family) made it unread");

  // Closing it: the gray badge falls.
  const open = await badges(page);
  await page.getByRole("button", { name: /^Close/ }).click();
  await expect(page.getByRole("button", { name: "Reopen" })).toBeVisible();
  await expect.poll(async () => (await badges(page)).gray).toBe(open.gray - 1);
  await page.getByRole("link", { name: "Closed", exact: true }).click();
  await expect(conversations(page).getByRole("link", { name: /Walker family/ })).toBeVisible();
});

test("the timeline of a message tells each step of its way", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await page.getByRole("link", { name: "Closed", exact: true }).click();
  await conversations(page).getByRole("link", { name: /Walker family/ }).click();
  await messages(page).getByRole("button", { name: "Delivered" }).last().click();
  const dialog = page.getByRole("dialog", { name: "Delivered" });
  await expect(dialog.getByRole("listitem").first()).toBeVisible();
  await expect(dialog.getByRole("listitem").filter({ hasText: "The phone received it" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
