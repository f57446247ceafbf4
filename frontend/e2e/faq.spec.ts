/** The questions that people ask about the Messenger, each answered on the screen where it comes up. */
import { changeOptIn, composer, conversations, details, expect, messengerIcon, openFamily, openThread, PEOPLE, signIn, test } from "./support";

test("“Why is there no Messenger icon?” The account menu and the Messenger's own address name the missing permission", async ({ page }) => {
  await signIn(page, PEOPLE.neither);
  await expect(messengerIcon(page)).toHaveCount(0);
  await page.getByRole("button", { name: /^Account/ }).click();
  await expect(page.getByRole("menu")).toContainText("You don't have the SMS Logs permission, so there is no Messenger icon. Ask an administrator for it.");
  await page.goto("/messenger");
  await expect(page.getByRole("main")).toContainText("needs the SMS Logs permission. An administrator can give it to you.");
});

test("“I can see the conversations, why can't I answer?” The composer's place names Mass Text", async ({ page }) => {
  await signIn(page, PEOPLE.onlyReads);
  await conversations(page).getByRole("link").first().click();
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText("Sending needs the Mass Text permission. An administrator can give it to you.");
  await expect(composer(page)).toHaveCount(0);
  await page.getByRole("button", { name: /^Account/ }).click();
  await expect(page.getByRole("menu")).toContainText("Sending needs the Mass Text permission");
});

test("“The family says they opted in, why does it say opted out?” The thread and the record name the other record, and opting it in frees the number", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/families");
  const sentence = /Castillo family opted out on .*, so this number can't be texted\./;
  // On the record that is opted in itself.
  await openFamily(page, "Garcia");
  await expect(page.getByText(sentence)).toBeVisible();

  await openThread(page, "312 555 0112");
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(sentence);
  await expect(details(page)).toContainText(sentence);
  await expect(details(page).getByRole("link", { name: "Castillo family" })).toBeVisible();

  await changeOptIn(page, "Castillo family", "Opted in");
  await expect(details(page)).toContainText("Both records with this number are opted in.");
  await expect(composer(page)).toBeVisible();

  // As it was, for the tests that follow.
  await changeOptIn(page, "Castillo family", "Opted out");
  await expect(composer(page)).toHaveCount(0);
});
