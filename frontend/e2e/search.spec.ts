import { conversations, expect, messages, openThread, PEOPLE, signIn, test } from "./support";
import type { Page } from "@playwright/test";

const NUMBER = "(312) 555-0131";
const LATER = 60;

const box = (page: Page) => page.getByRole("searchbox", { name: "Search messages" });
const results = (page: Page) => page.getByRole("list", { name: "Search results" });

/** Sends through the API, as an integration would: faster than typing. */
async function send(page: Page, bodies: string[]): Promise<void> {
  const path = new URL(page.url()).pathname.replace("/messenger/", "/api/v1/conversations/");
  for (const body of bodies) {
    const response = await page.request.post(`${path}/messages`, { data: { body }, headers: { Origin: new URL(page.url()).origin } });
    expect(response.status()).toBe(201);
  }
}

test("SEARCH-HOW: a word said long ago is found while it is typed, and its thread opens at it", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await openThread(page, NUMBER);
  await send(page, ["Bring the Zebra-striped leotard, please \u{1F993}", ...Array.from({ length: LATER }, (_, index) => `Reminder number ${index + 1}`)]);
  await page.goto("/messenger");
  await expect(conversations(page)).toBeVisible();

  // “/” goes to the box; case, accents and the rest of the word do not matter.
  await page.keyboard.press("/");
  await page.keyboard.type("ZÉBRA stri");
  const found = results(page).getByRole("link");
  await expect(found).toHaveCount(1);
  await expect(found.locator("mark")).toHaveText(["Zebra", "striped"]);
  await expect(page).toHaveURL(/\?q=Z/);

  // The thread opens at the message, far above the newest.
  await found.click();
  const message = messages(page).getByText("Zebra-striped leotard");
  await expect(message).toBeInViewport();
  await expect(messages(page).getByText(`Reminder number ${LATER}`, { exact: true })).toBeHidden();
  await expect(results(page)).toBeVisible();

  // Scrolling down loads what came after it, and nothing is skipped.
  await messages(page).getByText("Reminder number 24", { exact: true }).scrollIntoViewIfNeeded();
  await expect(messages(page).getByText("Reminder number 40", { exact: true })).toBeAttached();
  await expect(messages(page).getByText("Reminder number 24", { exact: true })).toBeInViewport();

  // And the newest is one step away.
  await page.reload();
  await expect(message).toBeInViewport();
  await page.getByRole("button", { name: "Newest" }).click();
  await expect(messages(page).getByText(`Reminder number ${LATER}`, { exact: true })).toBeInViewport();

  // Escape brings the list back.
  await box(page).press("Escape");
  await expect(conversations(page)).toBeVisible();
});

test("SEARCH-CONTENT: an empty result leads to the Families page with what was typed", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await box(page).fill("Walker");
  await expect(page.getByText("No message says “Walker”")).toBeVisible();
  await page.getByRole("link", { name: "Search Families for it" }).click();
  await expect(page).toHaveURL(/\/families\?q=Walker/);
  await expect(page.getByRole("link", { name: /Walker family/ })).toBeVisible();
});
