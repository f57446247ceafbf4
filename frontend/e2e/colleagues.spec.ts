/** Two people, two browsers, one inbox: what one does and sees shows to the other, and nobody misses a text. */
import { chromium, type Browser, type Page } from "@playwright/test";

import { badges, conversations, expect, get, Handset, messages, PEOPLE, signIn, test } from "./support";

const LEASE_MS = 12_000;
const DEADLINE_MS = 4_000;
/** The worker comes by once a second; the rest is for a busy machine. */
const MARGIN_MS = 5_000;

const DESK = { viewport: { width: 1440, height: 900 } };
const row = (page: Page, family: string) => conversations(page).getByRole("link", { name: new RegExp(`${family} family`) });
const header = (page: Page) => page.getByRole("region", { name: "Conversation", exact: true }).getByRole("heading").first();
const isViewing = (page: Page, name: string) => page.getByRole("status").filter({ hasText: `${name} is viewing` });

interface Standing {
  status: string;
  last_seq: number;
  seen_seq: number;
}

/** What the API says of the conversation that is open in `page`. */
async function standing(page: Page): Promise<Standing> {
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  return (await (await get(page.request, `/api/v1/conversations/${id}`)).json()) as Standing;
}

/** Everything that has come has been seen, and the service knows. */
async function everythingIsSeen(page: Page): Promise<void> {
  await expect.poll(async () => { const { last_seq, seen_seq } = await standing(page); return last_seq - seen_seq; }).toBe(0);
}

/** What the badges of these pages say, once they say what the service says. */
async function badgesAtRest(...pages: [Page, ...Page[]]): Promise<{ red: number; gray: number }> {
  let shown = { red: -1, gray: -1 };
  await expect(async () => {
    const indicator = (await (await get(pages[0].request, "/api/v1/indicator")).json()) as { unread_messages: number; open_conversations: number };
    shown = { red: indicator.unread_messages, gray: indicator.open_conversations };
    for (const page of pages) expect(await badges(page)).toEqual(shown);
  }).toPass();
  return shown;
}

/** Puts another tab, or a locked screen, in front of the page. A headless browser shows every page it has. */
async function setVisibility(page: Page, state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((visibility) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

async function elsewhere(browser: Browser, person: string): Promise<Page> {
  const page = await (await browser.newContext(DESK)).newPage();
  await signIn(page, person);
  return page;
}

test("STATUS-VIEWING: what arrives before somebody's eyes stays open, what arrives behind a hidden tab is unread for everybody", async ({ page, browser, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const colleague = await elsewhere(browser, PEOPLE.onlyReads);
  const handset = await Handset.open(context, "Ashley Brown");
  await handset.text("Hi! Quick question");
  await row(page, "Brown").click();
  await expect(messages(page).getByText("Hi! Quick question").last()).toBeVisible();
  await everythingIsSeen(page);
  await expect(row(colleague, "Brown")).toContainText("Maria");
  const before = await badgesAtRest(page, colleague);

  // While she looks: open for both. Once it is confirmed, no deadline is left that could make it unread.
  const seen = `Is Tuesday possible? ${Date.now()}`;
  await handset.text(seen);
  await expect(messages(page).getByText(seen)).toBeVisible();
  await expect(row(colleague, "Brown")).toContainText(seen);
  await everythingIsSeen(page);
  expect((await standing(page)).status).toBe("open");
  await expect(header(page)).toContainText("open");
  expect(await badgesAtRest(page, colleague)).toEqual(before);

  // Her colleague sees her in the thread too, and sees her go.
  await row(colleague, "Brown").click();
  await expect(isViewing(colleague, "Maria")).toBeVisible();
  await expect(isViewing(page, "Daniel")).toBeVisible();
  await colleague.getByRole("link", { name: "Families" }).click();
  await expect(isViewing(page, "Daniel")).toBeHidden();
  await colleague.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Messenger/ }).click();
  await setVisibility(page, "hidden");
  await expect(row(colleague, "Brown")).not.toContainText("Maria");

  // Behind her back: unread, and the badge rises in both windows without a reload.
  const unseen = `Or Wednesday? ${Date.now()}`;
  await handset.text(unseen);
  await expect(row(colleague, "Brown")).toContainText("1 unread message");
  for (const each of [page, colleague]) {
    await expect.poll(() => badges(each)).toEqual({ red: before.red + 1, gray: before.gray - 1 });
  }
  await expect(header(page)).toContainText("unread");

  // She comes back and sees it.
  await setVisibility(page, "visible");
  for (const each of [page, colleague]) await expect.poll(() => badges(each)).toEqual(before);
  await expect(row(colleague, "Brown")).toContainText("Maria");

  // She signs out: nobody is left looking, long before the lease would have ended.
  await page.getByRole("button", { name: /^Account/ }).click();
  const signedOutAt = Date.now();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(row(colleague, "Brown")).not.toContainText("Maria");
  expect(Date.now() - signedOutAt).toBeLessThan(LEASE_MS - 1_000);
  await colleague.context().close();
});

test("STATUS-CLOSE-RACE: who closes while a text is on its way gets the text, and nothing is closed", async ({ page, browser, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const colleague = await elsewhere(browser, PEOPLE.onlyReads);
  const handset = await Handset.open(context, "Min-ji Park");
  await handset.text("Thank you!");
  await row(page, "Park").click();
  await expect(messages(page).getByText("Thank you!").last()).toBeVisible();
  await everythingIsSeen(page);
  const before = await badgesAtRest(page, colleague);

  const missed = `One more thing ${Date.now()}`;
  // Between the click and the server, a text gets ahead of it.
  await page.route("**/api/v1/conversations/*/close", async (route) => {
    const { last_seq } = await standing(page);
    await handset.text(missed);
    await expect.poll(async () => (await standing(page)).last_seq).toBe(last_seq + 1);
    await route.continue();
  }, { times: 1 });
  await page.getByRole("button", { name: /^Close/ }).click();

  const dialog = page.getByRole("dialog", { name: "Not closed: something came in" });
  await expect(dialog).toContainText(missed);
  expect((await standing(page)).status).toBe("open");
  await dialog.getByRole("button", { name: "Keep it open" }).click();
  await expect(dialog).toBeHidden();
  await everythingIsSeen(page);
  await expect(header(page)).toContainText("open");
  for (const each of [page, colleague]) await expect.poll(() => badges(each)).toEqual(before);

  // Having read it, she closes it.
  await page.getByRole("button", { name: /^Close/ }).click();
  await expect(page.getByRole("button", { name: "Reopen" })).toBeVisible();
  for (const each of [page, colleague]) await expect.poll(() => badges(each)).toEqual({ red: before.red, gray: before.gray - 1 });
  await colleague.context().close();
});

test("STATUS-SEEN: a laptop that dies while it shows a conversation leaves the next text unread", async ({ page, context, baseURL }) => {
  const laptop = await chromium.launchServer({ executablePath: process.env.CHROMIUM_PATH ?? "", args: ["--no-sandbox"] });
  const remote = await chromium.connect(laptop.wsEndpoint());
  const dying = await (await remote.newContext({ ...DESK, ...(baseURL && { baseURL }) })).newPage();
  await signIn(dying, PEOPLE.readsAndAnswers);
  await signIn(page, PEOPLE.onlyReads);
  const handset = await Handset.open(context, "Giulia Rossi");
  await handset.text("Are you there?");
  await row(dying, "Rossi").click();
  await expect(messages(dying).getByText("Are you there?").last()).toBeVisible();
  await everythingIsSeen(dying);
  await expect(row(page, "Rossi")).toContainText("Maria");
  await expect(row(page, "Rossi")).not.toContainText("unread");
  const before = await badgesAtRest(page);

  // SIGKILL: it lets go of nothing.
  await laptop.kill();
  const words = `Hello? ${Date.now()}`;
  await handset.text(words);
  await expect(row(page, "Rossi")).toContainText(words);
  await expect(row(page, "Rossi")).toContainText("1 unread message", { timeout: LEASE_MS + DEADLINE_MS + MARGIN_MS });
  await expect.poll(() => badges(page)).toEqual({ red: before.red + 1, gray: before.gray - 1 });

  // Nobody is shown as looking who is not there.
  await row(page, "Rossi").click();
  await everythingIsSeen(page);
  await expect(isViewing(page, "Maria")).toBeHidden({ timeout: LEASE_MS + MARGIN_MS });
});
