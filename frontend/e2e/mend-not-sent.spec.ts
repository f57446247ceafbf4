/** NOT-SENT: what did not go calls somebody, wherever they are. */
import { expect, test } from "./business";
import { composer, conversations, details, messages, messengerIcon } from "./support";

const POSTS = "**/api/v1/conversations/*/messages";

test("NOT-SENT: a reply that was refused later is counted on every page and marked in its row", async ({ page, business }) => {
  const rivera = await business.family("Rivera");
  const chen = await business.family("Chen");
  await business.text(chen.number, "We are late");
  await business.text(rivera.number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await row.click();
  await expect(messages(page).getByText("Is class on today?")).toBeVisible();
  await page.route(POSTS, (route) => (route.request().method() === "POST" ? route.abort() : route.fallback()));
  await composer(page).fill("Yes, at 5");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(messages(page).getByText("Waiting for the connection")).toBeVisible();

  // The writer has gone on, and the server is back and refuses it.
  await page.getByRole("link", { name: "Families" }).click();
  await expect(page.getByRole("heading", { name: "Families" })).toBeVisible();
  await page.unroute(POSTS);
  const refusal = { type: "/problems/validation", title: "Not valid", status: 422, detail: null, errors: [{ pointer: "/body", detail: "That can't be sent." }] };
  const refused = page.waitForResponse((response) => response.request().method() === "POST" && response.status() === 422);
  await page.route(POSTS, (route) =>
    route.request().method() === "POST" ? route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify(refusal) }) : route.fallback(),
  );
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await refused;
  await expect(messengerIcon(page)).toContainText("texts not sent in 1 conversation");

  await messengerIcon(page).click();
  await expect(row).toContainText("1 text not sent");
  await row.click();
  await expect(messages(page)).toContainText("Not sent. That can't be sent.");
});

test("NOT-SENT: a text that fails after its conversation was closed brings the conversation back, by the system", async ({ page, business }) => {
  const { number } = await business.family("Rivera");
  await business.text(number, "Call me");
  await business.handset(number, "landline");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Rivera family/ });
  await row.click();
  await expect(messages(page).getByText("Call me")).toBeVisible();
  await composer(page).fill("We will");
  await page.getByRole("button", { name: "Send and close" }).click();

  await expect(messages(page).getByRole("button", { name: /Not (sent|delivered)/ })).toBeVisible();
  await expect(page.getByRole("heading", { name: /Rivera family/ })).toContainText("open");
  await expect(messengerIcon(page)).toContainText("texts not sent in 1 conversation");
  await expect(details(page)).toContainText("Messenger opened it");
  await page.getByRole("navigation", { name: "Show conversations" }).getByRole("link", { name: /^Open/ }).click();
  await expect(row).toContainText("1 text not sent");
});
