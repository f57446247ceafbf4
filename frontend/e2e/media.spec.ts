/** A thread on paper, in colours of the person's own, and without motion. */
import { type Locator } from "@playwright/test";

import { expect, test } from "./business";
import { composer, conversations, messages } from "./support";

const style = (of: Locator, property: string, pseudo?: string) =>
  of.evaluate((element, [name, part]) => getComputedStyle(element, part).getPropertyValue(name), [property, pseudo] as const);
const ours = { name: /^Maria Delgado wrote/ };

test("a printed thread has the names, the times with their zone, and no controls; a note is paper, a text is speech", async ({ page, business }) => {
  const family = await business.family("Rivera");
  await business.text(family.number, `The first of it. ${"We were there on time and nobody came. ".repeat(36)}`);
  await business.text(family.number, `And the rest. ${"We were there on time and nobody came. ".repeat(36)}`);
  await page.emulateMedia({ colorScheme: "dark" });
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await composer(page).fill("We are sorry!");
  await composer(page).press("Enter");
  await expect(messages(page).getByRole("article", ours)).toContainText("Delivered");
  await page.getByRole("tab", { name: "Note" }).click();
  await page.getByRole("combobox", { name: "Note" }).fill("Called them");
  await page.keyboard.press("Enter");
  const note = messages(page).getByRole("article", { name: /Maria Delgado noted/ });
  await expect(note.getByRole("button", { name: "Edit" })).toBeVisible();

  await page.setViewportSize({ width: 1000, height: 500 });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(page.getByRole("heading", { name: "Rivera family" })).toBeVisible();
  await expect(page.getByText("Rosa Rivera").first()).toBeVisible();
  await expect(messages(page).getByText(/^The first of it/)).toBeVisible();
  for (const control of await page.locator("nav, aside, textarea, input, button:not([aria-haspopup], [aria-expanded])").all()) await expect(control).toBeHidden();
  const time = messages(page).getByRole("article", ours).locator("time");
  await expect(time).toHaveAttribute("title", /20\d\d at \d+:\d\d:\d\d.(AM|PM) C[SD]T/);
  expect(await style(time, "content", "::after")).toMatch(/attr\(title\)|C[SD]T/);
  expect((await time.boundingBox())?.width).toBeGreaterThan(180);
  await expect(messages(page).getByText("Today", { exact: true })).toBeHidden();

  // Paper in the dark theme is white, and printers leave backgrounds out.
  expect(await style(page.locator("html"), "background-color")).toBe("rgb(255, 255, 255)");
  const speech = messages(page).getByText("We are sorry!");
  expect(await style(speech, "background-color")).toBe("rgba(0, 0, 0, 0)");
  expect([await style(speech, "border-top-style"), await style(note, "border-top-style")]).toEqual(["solid", "dashed"]);
  // All of it, not the part that is on the screen.
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(600);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});

test("in forced colours a border or an outline says what a background said", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await page.emulateMedia({ forcedColors: "active" });
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await expect(page.getByRole("navigation", { name: "Main" }).locator(".bg-badge-red")).toHaveCSS("forced-color-adjust", "none");
  await expect(row).toHaveCSS("outline-style", "none");
  await row.click();
  await composer(page).fill("It is.");
  await composer(page).press("Enter");
  const speech = messages(page).getByText("It is.");
  await expect(speech).toBeVisible();
  await expect(speech).toHaveCSS("border-top-style", "solid");
  await expect(row).toHaveCSS("outline-style", "solid");
  const tabs = page.getByRole("navigation", { name: "Show conversations" });
  const line = (name: string) => style(tabs.getByRole("link", { name }), "border-bottom-color");
  expect(await line("All")).not.toBe(await line("Closed"));
  expect(await line("Closed")).toBe(await page.evaluate(() => {
    const canvas = document.createElement("p");
    canvas.style.color = "Canvas";
    document.body.append(canvas);
    const colour = getComputedStyle(canvas).color;
    canvas.remove();
    return colour;
  }));
  await expect(page.getByRole("button", { name: "Send", exact: true })).toHaveCSS("border-top-style", "solid");
});

test("with reduced motion nothing moves for longer than a frame", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.addInitScript(() => {
    const durations: number[] = [];
    Object.assign(window, { durations });
    const note = ({ elapsedTime }: AnimationEvent | TransitionEvent) => durations.push(elapsedTime);
    for (const event of ["animationend", "transitionend"] as const) document.addEventListener(event, note, true);
  });
  await business.signIn(page, "maria");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Assign" })).toBeVisible();
  const ended = await page.evaluate(() => (window as unknown as { durations: number[] }).durations);
  expect(ended.length).toBeGreaterThan(0);
  expect(Math.max(...ended)).toBeLessThan(0.02);
  await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0);
});
