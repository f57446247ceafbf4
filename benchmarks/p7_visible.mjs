/**
 * The browser of P7: `node p7_visible.mjs <work.json`. Opens the page, posts each webhook, and prints the milliseconds until its
 * text was painted, as a JSON array. `work` is what p7_visible.py makes.
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { json } from "node:stream/consumers";

const HERE = import.meta.dirname;
const { chromium } = createRequire(join(HERE, "..", "frontend", "package.json"))("@playwright/test");
const PATIENCE_MS = 10_000;
const SHORTEST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 100;

/** In the page: resolves with the time at which an element with the words has been painted inside the window. */
function painted({ words, inThread, patience }) {
  const places = inThread ? "[role=log] article" : "[aria-label=Conversations] li";
  const isShown = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return element.textContent.includes(words) && bottom > 0 && top < window.innerHeight;
  };
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`“${words}” was not seen.`)), patience);
    const afterFrame = () =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(performance.timeOrigin + performance.now());
        port2.postMessage(null);
      });
    const look = () => {
      if (![...document.querySelectorAll(places)].some(isShown)) return;
      clearTimeout(late);
      observer.disconnect();
      afterFrame();
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
}

/** How far the page's clock is ahead of this process's, by the quickest of several questions. */
async function clockOffset(page) {
  const asked = [];
  for (let n = 0; n < 50; n += 1) {
    const before = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const after = now();
    asked.push({ took: after - before, ahead: there - (before + after) / 2 });
  }
  return asked.sort((a, b) => a.took - b.took)[0].ahead;
}

const now = () => performance.timeOrigin + performance.now();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const work = await json(process.stdin);
const executablePath = process.env.CHROMIUM_PATH ?? execFileSync(process.execPath, [join(HERE, "../scripts/chromium/chromium.mjs")], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies([work.cookie]);
  const page = await context.newPage();
  await page.goto(work.page);
  await page.getByRole("log", { name: "Messages" }).getByRole("article").first().waitFor();
  await page.waitForLoadState("networkidle");
  const ahead = await clockOffset(page);
  const taken = [];
  for (const { words, inThread, headers, body } of work.webhooks) {
    const seen = page.evaluate(painted, { words, inThread, patience: PATIENCE_MS });
    const sent = now();
    const answer = await fetch(work.url, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`The webhook was answered ${answer.status}: ${await answer.text()}`);
    taken.push((await seen) - ahead - sent);
    await pause(SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
  }
  console.log(JSON.stringify(taken.slice(work.warmUp)));
} finally {
  await browser.close();
}
