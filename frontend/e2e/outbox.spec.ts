import type { BrowserContext, Page } from "@playwright/test";

import { composer, conversations, expect, Handset, messages, PEOPLE, signIn, signInByForm, test } from "./support";

const POSTS = "**/api/v1/conversations/*/messages";

/** Cuts the way of texts to the API, or has them answered by hand. Without `answer` there is no connection. */
async function holdTexts(page: Page, answer?: { status: number; body?: object; headers?: Record<string, string> }): Promise<void> {
  await page.unroute(POSTS);
  await page.route(POSTS, (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    if (!answer) return route.abort();
    const problem = { type: "about:blank", title: "No", status: answer.status, detail: null, ...answer.body };
    return route.fulfill({ status: answer.status, contentType: "application/problem+json", headers: answer.headers ?? {}, body: JSON.stringify(problem) });
  });
}

async function letTextsPass(page: Page): Promise<void> {
  await page.unroute(POSTS);
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
}

async function openRossi(page: Page): Promise<void> {
  await conversations(page).getByRole("link", { name: /Rossi family/ }).click();
  await expect(composer(page)).toBeVisible();
}

async function send(page: Page, words: string): Promise<void> {
  await composer(page).fill(words);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

const pending = (page: Page) => messages(page).getByRole("article", { name: "Your message, not sent yet" });
const bubbles = (page: Page, words: string) => messages(page).getByRole("article").filter({ hasText: words });

/** Two tabs of one person, on the conversation with Giulia Rossi, who has just written. */
async function twoTabs(page: Page, context: BrowserContext): Promise<{ other: Page; handset: Handset }> {
  await signIn(page, PEOPLE.readsAndAnswers);
  const handset = await Handset.open(context, "Giulia Rossi");
  const question = `Are you there? ${Date.now()}`;
  await handset.text(question);
  await openRossi(page);
  const other = await context.newPage();
  await other.goto(page.url());
  // An answer to less than that would be refused as stale.
  for (const tab of [page, other]) {
    const asked = messages(tab).getByText(question);
    // With many new texts before it, the thread opens above it.
    await asked.scrollIntoViewIfNeeded();
    await expect(asked).toBeInViewport();
  }
  await expect(composer(other)).toBeVisible();
  return { other, handset };
}

test("SEND-ONCE: texts of two tabs without a connection show in both, survive a reload, and are sent once each, in order", async ({ page, context }) => {
  const { other, handset } = await twoTabs(page, context);
  const [first, second] = [`From tab A ${Date.now()}`, `From tab B ${Date.now()}`];
  await holdTexts(page);
  await holdTexts(other);

  await send(page, first);
  await expect(bubbles(page, first)).toContainText("Waiting for the connection");
  await expect(bubbles(other, first)).toHaveCount(1);
  await send(other, second);
  await expect(bubbles(page, second)).toHaveCount(1);
  await page.reload();
  await expect(pending(page)).toHaveText([new RegExp(first), new RegExp(second)]);

  // Any tab sends what the one that is closed had.
  await page.close();
  await letTextsPass(other);
  // The pause after several tries is up to 37 seconds.
  await expect(handset.texts).toContainText(second, { timeout: 60_000 });
  await expect(pending(other)).toHaveCount(0);
  await expect(bubbles(other, first)).toHaveCount(1);
  await expect(bubbles(other, second)).toHaveCount(1);
  const texts = await handset.texts.innerText();
  expect(texts.split(first)).toHaveLength(2);
  expect(texts.split(second)).toHaveLength(2);
  expect(texts.indexOf(first)).toBeLessThan(texts.indexOf(second));
});

test("SEND-ONCE: a text whose answer was lost is neither doubled nor missing", async ({ page, context }) => {
  const { handset } = await twoTabs(page, context);
  const words = `Answered into the void ${Date.now()}`;
  await page.route(POSTS, async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await route.fetch();
    await route.abort();
  });
  await send(page, words);
  await expect(handset.texts).toContainText(words);
  await expect(pending(page)).toHaveCount(0);
  await expect(bubbles(page, words)).toHaveCount(1);
  await page.unroute(POSTS);
});

test("NOT-SENT: a pending text says what is true, and goes when that is over", async ({ page, context }) => {
  const { handset } = await twoTabs(page, context);
  const words = `Patience ${Date.now()}`;
  await holdTexts(page, { status: 503, headers: { "Retry-After": "2" } });
  // The other tab would send it.
  await holdTexts(context.pages().at(-1) ?? page, { status: 503, headers: { "Retry-After": "2" } });
  await send(page, words);
  await expect(bubbles(page, words)).toContainText(/The server has a problem\. It is tried again at \d/);
  await holdTexts(page, { status: 429, headers: { "Retry-After": "2" } });
  await holdTexts(context.pages().at(-1) ?? page, { status: 429, headers: { "Retry-After": "2" } });
  await expect(bubbles(page, words)).toContainText(/Too many requests just now\. It is tried again at \d/);
  await context.pages().at(-1)?.close();
  await page.unroute(POSTS);
  await expect(handset.texts).toContainText(words);
  await expect(pending(page)).toHaveCount(0);
});

test("SEND-ONCE: a text that meets an ended sign-in is kept, and goes after the next one; nobody else sends it", async ({ page, context }) => {
  const { other, handset } = await twoTabs(page, context);
  await other.close();
  const words = `Kept while signed out ${Date.now()}`;
  await holdTexts(page);
  await send(page, words);
  await expect(bubbles(page, words)).toContainText("Waiting for the connection");
  await context.clearCookies();
  await letTextsPass(page);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();

  await signInByForm(page, PEOPLE.administrator);
  await openRossi(page);
  await expect(pending(page)).toHaveCount(0);
  await context.clearCookies();
  await signInByForm(page, PEOPLE.readsAndAnswers);
  await openRossi(page);
  await expect(handset.texts).toContainText(words);
  await expect(bubbles(page, words)).toHaveCount(1);
  await expect(bubbles(page, words)).toContainText("Maria Delgado");
});

test("NOT-SENT: the text behind a refused one says that it waits, and can be sent first, edited or discarded", async ({ page, context }) => {
  const { other, handset } = await twoTabs(page, context);
  await other.close();
  const [first, second] = [`Refused ${Date.now()}`, `Behind it ${Date.now()}`];
  await holdTexts(page, { status: 422, body: { type: "/problems/validation", errors: [{ pointer: "/body", detail: "That can't be sent." }] } });
  await send(page, first);
  await expect(bubbles(page, first)).toContainText("Not sent. That can't be sent.");
  await page.unroute(POSTS);
  await send(page, second);
  await expect(bubbles(page, second)).toContainText("Waits for the text above, which was not sent");

  await bubbles(page, second).getByRole("button", { name: "Send this one now" }).click();
  await expect(handset.texts).toContainText(second);
  await bubbles(page, first).getByRole("button", { name: "Edit" }).click();
  await expect(composer(page)).toHaveValue(first);
  await expect(pending(page)).toHaveCount(0);
});
