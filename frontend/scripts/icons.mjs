/** Draws the app's icons from the product's mark, `public/favicon.svg`: `node scripts/icons.mjs`, after the mark has changed. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "..", "public");
const mark = readFileSync(join(folder, "favicon.svg"), "utf8");
const speech = /<path[^>]*>/.exec(mark)?.[0] ?? "";

/** Systems cut a maskable icon to a shape of their own, down to the middle 80 %; they round an iPhone's themselves. */
const inset = (share) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#0b6e69"/>` +
  `<g transform="translate(16 16) scale(${share}) translate(-16 -16)">${speech}</g></svg>`;
/** Android shows the shape alone. */
const badge = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="4 5 24 24">${speech.replace('stroke-width="2.2"', 'stroke-width="3"')}</svg>`;

const ICONS = [
  ["icon-180.png", 180, inset(0.9)],
  ["icon-192.png", 192, mark],
  ["icon-512.png", 512, mark],
  ["icon-maskable-512.png", 512, inset(0.75)],
  ["badge-96.png", 96, badge],
];

const executablePath =
  process.env.CHROMIUM_PATH ?? execFileSync(process.execPath, [join(here, "../../scripts/chromium/chromium.mjs")], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
for (const [name, size, svg] of ICONS) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<body style="margin:0">${svg.replace("<svg ", `<svg width="${size}" height="${size}" style="display:block" `)}</body>`);
  await page.screenshot({ path: join(folder, name), omitBackground: true });
}
await browser.close();
