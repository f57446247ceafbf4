import type { Page } from "@playwright/test";

import { expect, test } from "./support";

/** Refuses what a page asks of other hosts. Returns what it asked for, and what its console said of errors. */
async function alone(page: Page, baseURL: string | undefined) {
  const elsewhere: string[] = [];
  const errors: string[] = [];
  const isElsewhere = (url: URL) => !["data:", "blob:"].includes(url.protocol) && !url.href.startsWith(`${baseURL ?? ""}/`);
  await page.route(isElsewhere, async (route) => {
    elsewhere.push(route.request().url());
    await route.abort();
  });
  page.on("console", (message) => {
    // The browser writes a line of its own for each answer of an error.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
  });
  return { elsewhere, errors };
}

test("the API reference works with scripts of its own, under its policy", async ({ page, baseURL }) => {
  const seen = await alone(page, baseURL);
  const response = await page.goto("/docs");
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toContain("unsafe-eval");
  await page.getByRole("button", { name: "Expand operation" }).first().waitFor();
  for (const tag of ["mass texts", "access", "conversations", "directory"]) {
    await page.getByRole("heading", { name: tag }).getByRole("button").click();
    await expect(page.locator(`[id="operations-tag-${tag.replace(" ", "_")}"][data-is-open=true]`)).toBeVisible();
  }
  const operation = page.getByRole("button", { name: /GET \/api\/v1\/indicator/i }).first();
  await expect(operation).toBeVisible();
  await operation.click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();
  await expect(page.getByText("/problems/not-signed-in").first()).toBeVisible();
  await page.getByRole("button", { name: "POST /api/v1/families" }).first().click();
  await expect(page.getByText("F-1042").first(), "the example").toBeVisible();
  expect(seen).toEqual({ elsewhere: [], errors: [] });
});

test("the type of a problem is the address of a page that explains it", async ({ page, baseURL }) => {
  const seen = await alone(page, baseURL);
  const answer = await page.request.get("/api/v1/me");
  const { type, title } = (await answer.json()) as { type: string; title: string };
  const response = await page.goto(type);
  expect(response?.headers()["content-security-policy"]).toContain("default-src 'none'");
  await expect(page.getByRole("heading", { name: title })).toBeVisible();
  await page.goto("/problems");
  await page.getByRole("link", { name: type }).click();
  await expect(page.getByRole("heading", { name: title })).toBeVisible();
  expect(seen).toEqual({ elsewhere: [], errors: [] });
});
