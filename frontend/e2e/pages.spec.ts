import { expect, test } from "./support";

test("an unknown page is a 404 that says so, and the app's scripts come compressed", async ({ page }) => {
  const encodings: (string | undefined)[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith(".js")) encodings.push(response.headers()["content-encoding"]);
  });
  const response = await page.goto("/no-such-page");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  expect(encodings.length).toBeGreaterThan(1);
  // A file of less than a kilobyte stays as it is.
  expect(encodings.filter((each) => each !== undefined).length).toBeGreaterThan(1);
  expect((await page.goto("/sign-in"))?.status()).toBe(200);
});
