/** How fast another conversation is on the screen. The figures are printed; the limits are wide, for busy machines. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { conversations, messages } from "./support";

const FAMILIES = ["Adams", "Baker", "Clark", "Davis", "Evans", "Flores"];
const ROUNDS = 4;

/** Milliseconds from the click on a row to the frame in which the newest text of its thread is painted. */
async function switchTo(page: Page, family: string): Promise<number> {
  return page.evaluate(
    ({ name, text }) =>
      new Promise<number>((done, fail) => {
        const row = [...document.querySelectorAll<HTMLElement>("[aria-label=Conversations] a")].find((each) => each.textContent.includes(name));
        if (!row) {
          fail(new Error(`no row of ${name}`));
          return;
        }
        const start = performance.now();
        row.click();
        const look = () => {
          const isThere = [...document.querySelectorAll("[role=log] article")].at(-1)?.textContent.includes(text);
          if (isThere) requestAnimationFrame(() => done(performance.now() - start));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
    { name: `${family} family`, text: `Newest of ${family}` },
  );
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
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link").first().click();
  await expect(messages(page).getByRole("article").first()).toBeVisible();

  const fresh: number[] = [];
  for (const family of FAMILIES.slice(0, -1)) fresh.push(await switchTo(page, family));
  const cached: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) for (const family of FAMILIES) cached.push(await switchTo(page, family));

  console.log(`switching, median of ${cached.length}: cached ${Math.round(median(cached))} ms, of ${fresh.length}: fresh ${Math.round(median(fresh))} ms`);
  expect(median(cached)).toBeLessThan(250);
  expect(median(fresh)).toBeLessThan(750);
});
