/** 10,000 conversations: in each frame a row stands in each place, or a placeholder of its height where the browser is ahead. */
import type { Page } from "@playwright/test";

import { expect, test } from "./business";
import { conversations } from "./support";

const COUNT = 10_000;
/** With each turn, about one a frame: no hand is faster. */
const WHEEL_PX = 800;
const TURNS = 20;
const WHEELED = 3_000;
const ROW_PX = 58;
const HELD = 100;
/** More rows than this are never rendered. */
const MOST_ROWS = 60;

/** What `watch` finds in each frame as it is painted. */
interface Watched {
  frames: number;
  /** Frames that took longer than 50 ms. */
  dropped: number;
  /** The highest place without a row in some frame, in pixels. */
  gap: number;
  /** How far the list had scrolled by then. */
  at: number;
  /** The most rows that were rendered at once. */
  rows: number;
  seen: Set<number>;
}

declare global {
  interface Window {
    watched: Watched;
  }
}

const scrollerOf = (page: Page) => page.locator("div:has(> ul[aria-label=Conversations])");

/**
 * Looks at each frame after the list has measured its new rows: by a ResizeObserver that is younger than the list's, and
 * whose element changes in each frame. Placeholders where the next page will stand are rows too: they are outside of the list.
 */
async function watch(page: Page): Promise<void> {
  await scrollerOf(page).evaluate((scroller) => {
    window.watched = { frames: 0, dropped: 0, gap: 0, at: 0, rows: 0, seen: new Set() };
    const probe = document.body.appendChild(document.createElement("div"));
    Object.assign(probe.style, { position: "fixed", width: "1px", visibility: "hidden" });
    const look = () => {
      const { watched } = window;
      const list = scroller.querySelector("ul");
      if (!list) return;
      const window_ = scroller.getBoundingClientRect();
      const whole = list.getBoundingClientRect();
      const [top, bottom] = [Math.max(window_.top, whole.top), Math.min(window_.bottom, whole.bottom)];
      const rows = [...list.children].filter((row) => row.textContent !== "").map((row) => ({ row, box: row.getBoundingClientRect() }));
      // New rows stand half a pixel apart until they are measured too, still before this frame is painted.
      let [edge, gap] = [top, 0];
      for (const { box } of rows.filter((each) => each.box.bottom > top && each.box.top < bottom)) {
        gap = Math.max(gap, box.top - edge);
        edge = box.bottom;
      }
      gap = Math.max(gap, bottom - edge);
      watched.rows = Math.max(watched.rows, rows.length);
      if (gap > watched.gap) Object.assign(watched, { gap, at: scroller.scrollTop });
      for (const { row } of rows) watched.seen.add(Number(/Text (\d+) of/.exec(row.textContent)?.[1]));
    };
    new ResizeObserver(look).observe(probe);
    let last = performance.now();
    const tick = (now: number) => {
      window.watched.frames += 1;
      if (now - last > 50) window.watched.dropped += 1;
      last = now;
      probe.style.height = `${(window.watched.frames % 2) + 1}px`;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
}

async function watched(page: Page, by: string) {
  const found = await page.evaluate(() => {
    const { seen, ...rest } = window.watched;
    return { ...rest, seen: seen.size };
  });
  console.log(`${by}: ${found.frames} frames, ${found.dropped} over 50 ms, largest gap ${Math.round(found.gap)} px at ${Math.round(found.at)} px, ${found.seen} rows, ${found.rows} at once`);
  return found;
}

// A trace takes a snapshot of the page at each turn of the wheel.
test.use({ trace: "off" });

test("10,000 conversations scroll by wheel, Page Down, Home, End and j held down, and no frame has a hole", async ({ page, business }) => {
  await business.conversations(COUNT);
  await business.signIn(page, "maria");
  const row = (n: number) => conversations(page).getByText(`Text ${n} of the list`, { exact: true });
  await expect(row(1)).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await watch(page);

  await row(1).hover();
  // A turn at the end of what is loaded moves nothing.
  while ((await page.evaluate(() => window.watched.seen.size)) < WHEELED) {
    for (let turn = 0; turn < TURNS; turn += 1) await page.mouse.wheel(0, WHEEL_PX);
  }
  const wheeled = await watched(page, "wheel");
  expect(wheeled.gap).toBeLessThan(1);

  await conversations(page).getByRole("link").last().focus();
  for (let n = 0; n < HELD; n += 1) await page.keyboard.down("PageDown");
  await page.keyboard.up("PageDown");
  const paged = await watched(page, "Page Down");
  expect(paged.gap).toBeLessThan(1);

  // To the end, page after page, as with the scroll bar.
  while (!(await row(COUNT).isVisible())) {
    await scrollerOf(page).evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await expect(row(COUNT)).toBeInViewport();
  // The focused row is far away after each: the next key still acts on the list.
  await conversations(page).getByRole("link").last().focus();
  for (const [key, n] of [["Home", 1], ["End", COUNT], ["Home", 1]] as const) {
    await page.keyboard.press(key);
    await expect(row(n)).toBeInViewport();
  }
  await conversations(page).getByRole("link").first().focus();
  asked.length = 0;
  for (let n = 0; n < HELD; n += 1) {
    await page.keyboard.down("j");
    // Two frames: no keyboard repeats a key more than 30 times a second.
    await page.evaluate(() => new Promise<number>((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  await page.keyboard.up("j");
  const last = conversations(page).getByRole("link", { name: `Text ${HELD + 1} of the list` });
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport();
  const all = await watched(page, "to the end, Home, End and j");
  // After a jump to rows that have not been measured, the edge of the screen may show a part of the placeholder behind.
  expect(all.gap).toBeLessThan(ROW_PX / 2);
  expect(all.rows).toBeLessThan(MOST_ROWS);
  // The machine drops some by itself.
  expect(all.dropped).toBeLessThan(all.frames / 10);
  // Only where the cursor rests is something loaded ahead.
  expect(asked.filter((path) => path.startsWith("/api/v1/conversations/")).length).toBeLessThan(HELD / 5);
});

/** The longest part of the list, in pixels from top to bottom, that has nothing painted where rows have their picture. */
async function longestBlank(page: Page): Promise<number> {
  const box = await scrollerOf(page).boundingBox();
  if (!box) throw new Error("no list");
  const picture = await page.screenshot({ clip: { x: box.x + 34, y: box.y, width: 1, height: box.height } });
  return page.evaluate(async (encoded) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(encoded), (each) => each.charCodeAt(0))]));
    const context = new OffscreenCanvas(1, bitmap.height).getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(context?.getImageData(0, 0, 1, bitmap.height).data.buffer ?? new ArrayBuffer(0));
    const surface = pixels[0];
    let [run, longest] = [0, 0];
    for (const pixel of pixels) {
      run = pixel === surface ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }, picture.toString("base64"));
}

for (const [where, viewport] of [["at a desk", { width: 1440, height: 900 }], ["on a phone", { width: 390, height: 844 }]] as const) {
  test(`where the browser scrolls ahead of the page ${where}, placeholders of a row's height are painted`, async ({ page, business }) => {
    await page.setViewportSize(viewport);
    await business.conversations(400);
    await business.signIn(page, "maria");
    await expect(conversations(page).getByText("Text 1 of the list", { exact: true })).toBeVisible();
    await scrollerOf(page).evaluate((scroller) => scroller.scrollTo(0, 1_000));
    await expect.poll(() => scrollerOf(page).evaluate((scroller) => scroller.scrollHeight)).toBeGreaterThan(10_000);
    const rowHeight = await conversations(page).locator("li").nth(2).evaluate((row) => row.getBoundingClientRect().height);

    // As with a fling while a script runs: the page is not told, so it renders nothing.
    await page.evaluate(() => window.addEventListener("scroll", (event) => event.stopImmediatePropagation(), true));
    const ahead = await scrollerOf(page).evaluate((scroller) => {
      scroller.scrollTo(0, scroller.scrollHeight / 2);
      const [top, list] = [scroller.getBoundingClientRect().top, scroller.querySelector("ul")];
      return [...(list?.children ?? [])].every((row) => row.getBoundingClientRect().bottom < top);
    });
    expect(ahead).toBe(true);
    expect(await longestBlank(page)).toBeLessThan(rowHeight);
    await scrollerOf(page).evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
    expect(await longestBlank(page)).toBeLessThan(rowHeight);
  });
}
