/** Rows, bubbles and events say who did what, and what did not go. */
import { expect, test } from "./business";
import { composer, conversations, details, expectAccessible, messages, messengerIcon } from "./support";

test("You only for one's own text, a colleague's first name, and Draft for what is not sent yet", async ({ page, browser, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await row.click();
  await composer(page).fill("Yes, at 5");
  await composer(page).press("Enter");
  await expect(row).toContainText("You: Yes, at 5");
  await composer(page).fill("And bring");
  await expect(row).toContainText("Draft: And bring");

  const other = await browser.newPage();
  await business.signIn(other, "daniel");
  await expect(conversations(other).getByRole("link", { name: /Rivera family/ })).toContainText("Maria: Yes, at 5");
  await other.close();
});

test("a text that did not arrive looks different, with the reason in the bubble", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Call me");
  await business.handset(number, "landline");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await composer(page).fill("We will");
  await composer(page).press("Enter");
  const bubble = messages(page).getByText("We will");
  await expect(bubble).toContainText(/Not (sent|delivered)\./);
  await expect(bubble).toHaveCSS("border-top-width", "2px");
  await expect(conversations(page).getByRole("link", { name: /Rivera family/ })).toContainText(/Not (sent|delivered): You: We will/);
  await expectAccessible(page);

  // Its way, in plain words and with seconds.
  await messages(page).getByRole("button", { name: /Not (sent|delivered)/ }).click();
  const way = page.getByRole("dialog").getByRole("listitem");
  await expect(way.first()).toContainText("Maria Delgado sent it");
  await expect(way.first()).toContainText(/\d:\d\d:\d\d\s[ap]m/);
});

test("closed stands after the message that closed it, runs fold, and STOP stands in thread and trail", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Is class on today?");
  await business.signIn(page, "maria");
  await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
  await composer(page).fill("Yes, at 5");
  await page.getByRole("button", { name: "Send and close" }).click();
  await page.getByRole("button", { name: "Reopen" }).click();
  await expect(page.getByRole("button", { name: /^Close/ })).toBeVisible();
  await page.getByRole("button", { name: /^Close/ }).click();
  await expect(page.getByRole("button", { name: "Reopen" })).toBeVisible();

  const log = messages(page);
  await expect(log.getByRole("button", { name: "2 earlier changes" })).toBeVisible();
  expect((await log.innerText()).indexOf("Yes, at 5")).toBeLessThan((await log.innerText()).indexOf("closed the conversation"));
  await log.getByRole("button", { name: "2 earlier changes" }).click();
  await expect(log.getByText("Maria closed the conversation")).toHaveCount(2);

  await business.text(number, "STOP");
  await expect(log.getByText(/stopped texts to this number/)).toBeVisible();
  await expect(details(page)).toContainText("stopped texts to this number");
});

test("an opted-in record of a number that texted STOP is not green, and says why", async ({ page, business }) => {
  const { id, number } = await business.family("Rivera");
  await business.text(number, "STOP");
  await business.signIn(page, "maria", `/families/${id}`);
  const green = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent-soft"));
  expect(green).not.toBe("");
  await expect(page.getByText("Opted in", { exact: true })).not.toHaveClass(/bg-accent-soft/);
  await expect(page.getByText("Can’t be texted")).toBeVisible();
  await expect(page.getByText(/texted STOP on/)).toBeVisible();
});

test("badges of two and three digits leave the icon legible", async ({ page, business }) => {
  await page.route("**/api/v1/indicator", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...((await answer.json()) as object), unread_messages: 128, open_conversations: 42 } });
  });
  await business.signIn(page, "maria");
  const icon = messengerIcon(page);
  await expect(icon).toContainText("99+");
  const middle = await icon.locator("svg").boundingBox();
  for (const figure of ["99+", "42"]) {
    const badge = await icon.getByText(figure, { exact: true }).boundingBox();
    if (!badge || !middle) throw new Error("It is not on screen.");
    const overlap = Math.min(badge.x + badge.width, middle.x + middle.width) - Math.max(badge.x, middle.x);
    expect(overlap).toBeLessThan(middle.width / 4);
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("the hit of a search is in sight, and its row keeps the filter", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, `${"We had such a lovely time at the show and want to come again. ".repeat(2)}Is tumbling on today?`);
  await business.signIn(page, "maria", "/messenger?status=unread&q=tumbling");
  const row = page.getByRole("list", { name: "Search results" }).getByRole("link");
  const [mark, frame] = [await row.getByText("tumbling", { exact: true }).boundingBox(), await row.boundingBox()];
  if (!mark || !frame) throw new Error("It is not on screen.");
  expect(mark.y + mark.height).toBeLessThan(frame.y + frame.height);
  await row.click();
  await expect(page).toHaveURL(/status=unread.*q=tumbling.*seq=1/);
});
