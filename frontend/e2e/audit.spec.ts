import { readFile } from "node:fs/promises";

import { expect, get, PEOPLE, signIn, test } from "./support";

test("AUDIT-READ: an administrator filters the log by person, downloads it as CSV and has it proved", async ({ page }) => {
  await signIn(page, PEOPLE.administrator, "/administration");
  await page.getByRole("link", { name: "Audit log" }).click();
  const log = page.getByRole("region", { name: "Audit log" });
  await expect(log.getByRole("list", { name: "Today" })).toContainText("Ada");

  await log.getByLabel("Person").selectOption({ label: "Maria Delgado" });
  await log.getByLabel("What happened").selectOption({ label: "Sent a text" });
  await expect(page).toHaveURL(/actor=.*action=message\.sent/);
  const sentence = log.getByRole("listitem").first();
  await expect(sentence).toContainText(/Maria Delgado sent a text to .+ \(.+ family\)/);
  await sentence.locator("summary").click();
  await expect(sentence.getByRole("link", { name: "Open the conversation" })).toBeVisible();

  const downloading = page.waitForEvent("download");
  await log.getByRole("link", { name: "Download CSV" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^audit-log-demo-\d{4}-\d{2}-\d{2}\.csv$/);
  const [head, ...lines] = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
  expect(head).toMatch(/^\ufeffat,local_time,action,/);
  expect(lines.length).toBeGreaterThan(0);
  // The number, whose it is by name, and the line by its name.
  for (const line of lines) expect(line).toMatch(/,message\.sent,staff_member,[^,]+,Maria Delgado,'\+1312\d+,[^,]*family \([^,]+\)[^,]*,.*,Front desk,/);

  await log.getByRole("button", { name: "Clear filters" }).click();
  await expect(log.getByRole("list", { name: "Today" })).toContainText("Ada Lindgren exported the audit log in part");

  await log.getByRole("button", { name: "Verify" }).click();
  await expect(log.getByText(/The log is whole: \d+ entries are as they were written\./)).toBeVisible();
});

test("PERM-ADMIN: for everybody else there is no audit log", async ({ page }) => {
  await signIn(page, PEOPLE.readsAndAnswers, "/administration?tab=audit-log");
  await expect(page.getByText("Administration is not open to you")).toBeVisible();
  await expect(page.getByRole("link", { name: "Audit log" })).toHaveCount(0);
  for (const path of ["", "/export.csv", "/verification"]) expect((await get(page.request, `/api/v1/audit-entries${path}`)).status()).toBe(403);
});
