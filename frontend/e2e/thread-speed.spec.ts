/** How fast another conversation is on the screen. The figures are printed; the limits are wide, for busy machines. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { conversations, messages } from "./support";

const FAMILIES = ["Adams", "Baker", "Clark", "Davis", "Evans", "Flores", "Garcia", "Hughes", "Irving", "Jones", "Klein"];
const FRESH = 5;
const ROUNDS = 3;
/** From pressing the button of a mouse to its release, which is the click. */
const PRESS_MS = 80;

/**
 * Milliseconds from the click on a row to the frame in which the newest text of its thread is painted. The row is pressed as
 * long before; 0: it is clicked by a script, without a press or a pointer on the way to it.
 */
async function switchTo(page: Page, family: string, pressMs = 0): Promise<number> {
  return page.evaluate(
    ({ name, text, pressMs }) =>
      new Promise<number>((done, fail) => {
        const row = [...document.querySelectorAll<HTMLElement>("[aria-label=Conversations] a")].find((each) => each.textContent.includes(name));
        if (!row) {
          fail(new Error(`no row of ${name}`));
          return;
        }
        let start = Infinity;
        const click = () => {
          start = performance.now();
          row.click();
          requestAnimationFrame(look);
        };
        const look = () => {
          const isThere = [...document.querySelectorAll("[role=log] article")].at(-1)?.textContent.includes(text);
          if (isThere) requestAnimationFrame(() => done(performance.now() - start));
          else requestAnimationFrame(look);
        };
        if (pressMs === 0) {
          click();
          return;
        }
        row.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, button: 0, pointerType: "mouse" }));
        setTimeout(click, pressMs);
      }),
    { name: `${family} family`, text: `Newest of ${family}`, pressMs },
  );
}

/** The requests for a conversation that left before its thread was there, by their last words. */
function requestsBeforeThread(page: Page): Map<string, string[]> {
  const before = new Map<string, string[]>();
  const arrived = new Set<string>();
  const parse = (url: string) => /conversations\/([0-9a-f-]{36})\/?([^?/]*)/.exec(url)?.slice(1) ?? [];
  page.on("request", (request) => {
    const [id, what] = parse(request.url());
    if (id !== undefined && what !== undefined && !arrived.has(id)) before.set(id, [...(before.get(id) ?? []), what]);
  });
  page.on("response", (response) => {
    const [id, what] = parse(response.url());
    if (id !== undefined && what === "thread") arrived.add(id);
  });
  return before;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;

// A trace takes a snapshot of the page at each step.
test.use({ trace: "off" });

test("another conversation is there at once, loaded or not", async ({ page, business }) => {
  for (const family of FAMILIES) {
    const { number } = await business.family(family);
    for (let n = 1; n < 6; n += 1) await business.send(number, `Text ${n} of ${family}`);
    await business.text(number, `Newest of ${family}`);
  }
  const before = requestsBeforeThread(page);
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link").first().click();
  await expect(messages(page).getByRole("article").first()).toBeVisible();

  const fresh: number[] = [];
  for (const family of FAMILIES.slice(0, FRESH)) fresh.push(await switchTo(page, family));
  const pressed: number[] = [];
  for (const family of FAMILIES.slice(FRESH, 2 * FRESH)) pressed.push(await switchTo(page, family, PRESS_MS));
  const cached: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) for (const family of FAMILIES) cached.push(await switchTo(page, family));

  const [kept, clicked, byHand] = [cached, fresh, pressed].map((each) => Math.round(median(each)));
  console.log(`switching, median of ${cached.length}: cached ${kept} ms, of ${FRESH}: fresh ${clicked} ms, pressed ${PRESS_MS} ms before the click ${byHand} ms`);
  expect(kept).toBeLessThan(1_000);
  expect(clicked).toBeLessThan(4_000);
  expect(byHand).toBeLessThan(4_000);
  // What stands beside the thread comes after it: the server takes as long for each as for the thread.
  expect(before.size).toBe(FAMILIES.length);
  for (const requests of before.values()) expect(new Set(requests)).toEqual(new Set(["thread", ""]));
});

test("a press on a row loads its conversation before it is released, and marks nothing as seen", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await expect(row).toContainText("1 unread message");
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/conversations/")) sent.push(request.method());
  });
  const thread = page.waitForResponse((response) => response.url().includes("/thread"));
  // Without the pointer's way to it, which loads it too.
  await row.dispatchEvent("pointerdown", { button: 0, pointerType: "mouse" });
  await thread;
  await expect(row).toContainText("1 unread message");
  expect(new Set(sent)).toEqual(new Set(["GET"]));
  // A finger may only scroll by, and another button opens nothing here: 2 requests in all.
  for (const press of [{ button: 0, pointerType: "touch" }, { button: 2, pointerType: "mouse" }]) await row.dispatchEvent("pointerdown", press);
  expect(sent).toHaveLength(2);
});
