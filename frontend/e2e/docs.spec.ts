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
  const operation = page.getByRole("button", { name: /GET \/api\/v1\/indicator/i }).first();
  await expect(operation).toBeVisible();
  await operation.click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();
  await expect(page.getByText("/problems/not-signed-in").first()).toBeVisible();
  expect(elsewhere).toEqual([]);
});
