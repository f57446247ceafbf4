/** Many texts at once: nothing jumps, nothing is missing, and the list follows while they keep coming. */
import { test } from "./business";
import { conversations, expect, get, messages, PEOPLE, signIn, SIMULATOR } from "./support";
import type { APIRequestContext, Locator, Page } from "@playwright/test";

const EVERY_MS = 150;

declare global {
  interface Window {
    layoutShift: number;
  }
}

/** A handset of the carrier simulator, without its page: its owner's name and what it sends. */
async function handsetOf(request: APIRequestContext, name: string) {
  const all = async <Item>(path: string) => ((await (await get(request, `${SIMULATOR}control/${path}`)).json()) as { items: Item[] }).items;
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

/** The numbers of the texts "name n." as a screen shows them. */
async function numbersOf(texts: Locator): Promise<number[]> {
  return (await texts.allTextContents()).map((words) => Number(/ (\d+)\./.exec(words)?.[1]));
}

/** The numbers of the texts "name n." as the API orders them. */
async function storedNumbers(page: Page, name: string): Promise<number[]> {
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const { items } = (await (await get(page.request, `/api/v1/conversations/${id}/messages?limit=200`)).json()) as { items: { body: string }[] };
  return items.filter(({ body }) => body.startsWith(name)).map(({ body }) => Number(/ (\d+)\./.exec(body)?.[1]));
}

test("texts arrive in order, and what is on screen does not jump: in a short thread, while it fills the screen, and in a long one", async ({ page, business }) => {
  const { number } = await business.family("Rossi");
  await business.text(number, "Good morning");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rossi family/ }).click();
  await expect(messages(page).getByRole("article")).toHaveCount(1);
  await page.waitForLoadState("networkidle");
  for (const [name, count] of [["Short", 8], ["Filling", 32], ["Long", 90]] as const) {
    await observeShifts(page);
    for (let n = 1; n <= count; n += 10) {
      await Promise.all(Array.from({ length: Math.min(10, count - n + 1) }, (_, i) => business.send(number, `${name} ${n + i}.`)));
    }
    const arrived = messages(page).getByRole("article").filter({ hasText: new RegExp(`${name} \\d+\\.`) });
    await expect(arrived).toHaveCount(count, { timeout: 60_000 });
    await expect(arrived.last()).toBeInViewport();
    const shift = await page.evaluate(() => window.layoutShift);
    console.log(`layout shift, ${name.toLowerCase()} thread, ${count} texts: ${shift.toFixed(4)}`);
    expect(shift).toBeLessThan(0.1);
    expect(await numbersOf(arrived)).toEqual(await storedNumbers(page, name));
  }
});

test("100 texts at once arrive in order on three open screens", async ({ browser, business }) => {
  const { number } = await business.family("Rossi");
  await business.text(number, "Good morning");
  const screens = await Promise.all(
    [
      { name: "maria", viewport: { width: 1440, height: 900 } },
      { name: "daniel", viewport: { width: 1440, height: 900 } },
      { name: "ada", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    ].map(async ({ name, ...device }) => {
      const page = await (await browser.newContext(device)).newPage();
      await business.signIn(page, name);
      await conversations(page).getByRole("link", { name: /Rossi family/ }).click();
      await expect(messages(page).getByRole("article")).toHaveCount(1);
      return page;
    }),
  );
  await Promise.all(Array.from({ length: 100 }, (_, n) => business.send(number, `Wave ${n + 1}.`)));
  for (const page of screens) {
    const arrived = messages(page).getByRole("article").filter({ hasText: /Wave \d+\./ });
    await expect(arrived).toHaveCount(100, { timeout: 60_000 });
    const shown = await numbersOf(arrived);
    expect(new Set(shown).size).toBe(100);
    expect(shown).toEqual(await storedNumbers(page, "Wave"));
    await expect(arrived.last()).toBeInViewport();
    await page.context().close();
  }
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
