import { composer, conversations, expect, Handset, messages, PEOPLE, signIn, test } from "./support";

test("a draft survives a reload, and a text sent without a connection is sent once when it is back", async ({ page, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const handset = await Handset.open(context, "Giulia Rossi");
  await handset.text("Hello, anybody there?");
  await conversations(page).getByRole("link", { name: /Rossi family/ }).click();
  await expect(messages(page).getByText("Hello, anybody there?").last()).toBeVisible();

  await composer(page).fill("Half a sen");
  await page.reload();
  await expect(composer(page)).toHaveValue("Half a sen");

  // The carrier is on this machine too, so only the page goes offline.
  const posts: (string | undefined)[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/messages")) posts.push(request.headers()["idempotency-key"]);
  });
  const words = `Sent without a network ${Date.now()}`;
  await page.route("**/api/v1/conversations/*/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.fallback()));
  await composer(page).fill(words);
  await composer(page).press("Enter");
  await expect(page.getByText("Waiting for the connection")).toBeVisible();
  await page.reload();
  await expect(messages(page).getByText(words)).toBeVisible();
  await page.unroute("**/api/v1/conversations/*/messages");
  await page.evaluate(() => window.dispatchEvent(new Event("online")));

  await expect(handset.texts).toContainText(words);
  await expect(messages(page).getByRole("article").filter({ hasText: words })).toHaveCount(1);
  await expect(messages(page).getByRole("article").filter({ hasText: words }).getByRole("button", { name: "Delivered" })).toBeVisible();
  expect(posts.length).toBeGreaterThan(1);
  expect(new Set(posts).size).toBe(1);
});

test("a lost connection shows within five seconds, and what came meanwhile appears when it is back", async ({ page, context, browser }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 5_000 });

  const elsewhere = await browser.newContext();
  const handset = await Handset.open(elsewhere, "Min-ji Park");
  const words = `While you were gone ${Date.now()}`;
  await handset.text(words);
  await context.setOffline(false);
  await expect(page.getByText("Connection lost.")).toBeHidden();
  await expect(conversations(page).getByRole("link", { name: /Park family/ })).toContainText(words);
  await elsewhere.close();
});
