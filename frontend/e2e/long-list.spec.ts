/** 10,000 conversations: each row is there when its place is painted, however fast the list is scrolled. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { conversations } from "./support";

const COUNT = 10_000;
/** With each turn, about one a frame: no hand is faster. */
const WHEEL_PX = 800;
const TURNS = 20;
const HELD = 150;

/** What `watch` finds in each frame just before it is painted. */
interface Watched {
  frames: number;
  /** Of the list's height, in pixels: the most that had no row in some frame. */
  gap: number;
  /** How far the list had scrolled by then. */
  at: number;
  seen: Set<number>;
}

declare global {
  interface Window {
    watched: Watched;
  }
}

async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const list = document.querySelector("ul[aria-label=Conversations]");
    const scroller = list?.parentElement;
    if (!list || !scroller) throw new Error("no list");
    window.watched = { frames: 0, gap: 0, at: 0, seen: new Set() };
    const look = () => {
      const { watched } = window;
      const window_ = scroller.getBoundingClientRect();
      const whole = list.getBoundingClientRect();
      const [top, bottom] = [Math.max(window_.top, whole.top), Math.min(window_.bottom, whole.bottom)];
      const rows = [...list.children].filter((row) => row.textContent !== "").map((row) => ({ row, box: row.getBoundingClientRect() }));
      const covered = rows.reduce((sum, { box }) => sum + Math.max(0, Math.min(box.bottom, bottom) - Math.max(box.top, top)), 0);
      watched.frames += 1;
      if (bottom - top - covered > watched.gap) Object.assign(watched, { gap: bottom - top - covered, at: scroller.scrollTop });
      for (const { row } of rows) watched.seen.add(Number(/Text (\d+) of/.exec(row.textContent)?.[1]));
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

const watched = (page: Page) =>
  page.evaluate(() => {
    const { seen, ...rest } = window.watched;
    return { ...rest, seen: seen.size };
  });

// A trace takes a snapshot of the page at each turn of the wheel.
test.use({ trace: "off" });

test("10,000 conversations scroll by wheel, by Home and End and by j held down, and no blank row is painted", async ({ page, business }) => {
  await business.conversations(COUNT);
  await business.signIn(page, "maria");
  const row = (n: number) => conversations(page).getByText(`Text ${n} of the list`, { exact: true });
  await expect(row(1)).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await watch(page);

  await row(1).hover();
  // At the end of what is loaded a turn moves nothing.
  while (!(await row(COUNT).isVisible())) {
    for (let turn = 0; turn < TURNS; turn += 1) await page.mouse.wheel(0, WHEEL_PX);
  }
  // It may have been just below.
  await page.mouse.wheel(0, 2 * WHEEL_PX);
  await expect(row(COUNT)).toBeInViewport();
  const wheeled = await watched(page);
  console.log(`wheel: ${wheeled.frames} frames, largest gap ${Math.round(wheeled.gap)} px, ${wheeled.seen} rows`);
  expect(wheeled.gap).toBeLessThan(1);
  expect(wheeled.seen).toBe(COUNT);

  // The focused row is far away after each: the next key still acts on the list.
  await conversations(page).getByRole("link").last().focus();
  for (const [key, n] of [["Home", 1], ["End", COUNT], ["Home", 1]] as const) {
    await page.keyboard.press(key);
    await expect(row(n)).toBeInViewport();
  }
  await conversations(page).getByRole("link").first().focus();
  asked.length = 0;
  for (let n = 0; n < HELD; n += 1) await page.keyboard.down("j");
  await page.keyboard.up("j");
  const last = conversations(page).getByRole("link", { name: `Text ${HELD + 1} of the list` });
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport();
  expect((await watched(page)).gap).toBeLessThan(1);
  // Only where the cursor rests is something loaded ahead.
  expect(asked.filter((path) => path.startsWith("/api/v1/conversations/")).length).toBeLessThan(HELD / 5);
});
