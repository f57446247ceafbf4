import { expect, test } from "./support";

test("the API reference works with scripts of its own, under its policy", async ({ page, baseURL }) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${baseURL ?? ""}/`)) elsewhere.push(request.url());
  });
  const response = await page.goto("/docs");
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toContain("unsafe-eval");
  await page.getByRole("button", { name: "Expand operation" }).first().waitFor();
  for (const tag of ["mass texts", "access", "conversations"]) {
    await page.getByRole("heading", { name: tag }).getByRole("button").click();
    await expect(page.locator(`[id="operations-tag-${tag.replace(" ", "_")}"][data-is-open=true]`)).toBeVisible();
  }
  const operation = page.getByRole("button", { name: /GET \/api\/v1\/indicator/i }).first();
  await expect(operation).toBeVisible();
  await operation.click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();
  await expect(page.getByText("/problems/not-signed-in").first()).toBeVisible();
  expect(elsewhere).toEqual([]);
});
