/** Many texts at once: nothing jumps, nothing is missing, and the list follows while they keep coming. */
import { conversations, expect, messages, PEOPLE, signIn, SIMULATOR, test } from "./support";
import type { APIRequestContext, Page } from "@playwright/test";

const TEXTS = 130;
const EVERY_MS = 150;

declare global {
  interface Window {
    layoutShift: number;
  }
}

/** A handset of the carrier simulator, without its page: its owner's name and what it sends. */
async function handsetOf(request: APIRequestContext, name: string) {
  const all = async <Item>(path: string) => ((await (await request.get(`${SIMULATOR}control/${path}`)).json()) as { items: Item[] }).items;
  const [line] = await all<{ phone_number: string }>("lines");
  const handset = (await all<{ phone_number: string; name: string }>("handsets")).find((each) => each.name.startsWith(name));
  if (!line || !handset) throw new Error(`There is no handset of ${name}`);
  const path = `${SIMULATOR}control/handsets/${encodeURIComponent(handset.phone_number)}/texts`;
  return async (body: string) => {
    expect((await request.post(path, { data: { to: line.phone_number, body } })).status()).toBe(201);
  };
}

async function observeShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.layoutShift += (entry as PerformanceEntry & { value: number }).value;
    }).observe({ type: "layout-shift", buffered: false });
  });
}

test("130 texts arrive in order in the open thread, and what is on screen does not jump", async ({ page, request }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const send = await handsetOf(request, "Giulia Rossi");
  await conversations(page).getByRole("link", { name: /Rossi family/ }).click();
  await expect(messages(page).getByRole("article").last()).toBeVisible();
  await page.waitForLoadState("networkidle");
  const run = `Wave ${Date.now()}`;
  await observeShifts(page);
  for (let n = 1; n <= TEXTS; n += 10) {
    await Promise.all(Array.from({ length: Math.min(10, TEXTS - n + 1) }, (_, i) => send(`${run}, text ${n + i}.`)));
  }
  const arrived = messages(page).getByRole("article").filter({ hasText: run });
  await expect(arrived).toHaveCount(TEXTS, { timeout: 60_000 });
  await expect(arrived.last()).toBeInViewport();

  const shift = await page.evaluate(() => window.layoutShift);
  test.info().annotations.push({ type: "layout shift", description: shift.toFixed(4) });
  expect(shift).toBeLessThan(0.1);
  // Each once, and as the API orders them.
  const shown = await arrived.allTextContents();
  const numbers = shown.map((words) => Number(/text (\d+)\./.exec(words)?.[1]));
  expect(new Set(numbers).size).toBe(TEXTS);
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const { items } = (await (await page.request.get(`/api/v1/conversations/${id}/messages?limit=200`)).json()) as { items: { body: string }[] };
  const stored = items.filter(({ body }) => body.startsWith(run)).map(({ body }) => Number(/text (\d+)\./.exec(body)?.[1]));
  expect(numbers).toEqual(stored);
});

test("the list changes while events keep coming, and asks for nothing", async ({ page, request }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const busy = await handsetOf(request, "Giulia Rossi");
  const other = await handsetOf(request, "Min-ji Park");
  await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
  await page.waitForLoadState("networkidle");
  const asked: string[] = [];
  page.on("request", (each) => {
    if (each.method() === "GET" && /\/api\/v1\/(conversations|indicator)/.test(each.url())) asked.push(new URL(each.url()).pathname);
  });

  const ending = new AbortController();
  let sent = 0;
  const flood = (async () => {
    while (!ending.signal.aborted) {
      await busy(`Again ${++sent}`);
      await page.waitForTimeout(EVERY_MS);
    }
  })();
  const row = (name: RegExp) => conversations(page).getByRole("link", { name });
  await expect(row(/Rossi family/)).toContainText("Again 3");
  const words = `In between ${Date.now()}`;
  await other(words);
  await expect(row(/Park family/)).toContainText(words, { timeout: 2_000 });
  ending.abort();
  await flood;
  await expect(row(/Rossi family/)).toContainText(`Again ${sent}`);
  expect(asked).toEqual([]);
});
