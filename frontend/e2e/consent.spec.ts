import { changeOptIn, composer, details, expect, Handset, holder, messages, openFamily, openThread, PEOPLE, signIn, test } from "./support";

const NUMBER = "312 555 0112";
const CASTILLO_OUT = /Castillo family opted out on .* \(verbally, noted by Maria Delgado\), so this number can't be texted\./;

test("two families share a number: one opting out blocks it everywhere, opting in again frees it, STOP blocks at once and START frees", async ({ page, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  await openThread(page, NUMBER);
  const thread = page.url();
  const conversationId = new URL(thread).pathname.split("/").at(-1) ?? "";
  const send = () =>
    page.request.post(`/api/v1/conversations/${conversationId}/messages`, {
      headers: { "Idempotency-Key": crypto.randomUUID(), Origin: new URL(thread).origin },
      data: { body: "Are you coming?" },
    });
  const refusal = async () => {
    const answer = await send();
    return { status: answer.status(), ...((await answer.json()) as { check?: { reason: string; instances: { owner_name: string; blocks: boolean }[] } }) };
  };

  // Both in: it can be texted.
  await changeOptIn(page, "Castillo family", "Opted in");
  await expect(composer(page)).toBeVisible();

  // One opts out, on its record.
  await page.goto("/families");
  await openFamily(page, "Castillo");
  await changeOptIn(page, "Carmen Garcia", "Opted out");
  await expect(page.getByText(/verbally, noted by Maria Delgado/)).toBeVisible();

  // The other family's record names it, and so does the thread, from either family.
  await page.goto("/families");
  await openFamily(page, "Garcia");
  await expect(page.getByText(CASTILLO_OUT)).toBeVisible();
  await page.getByRole("link", { name: "Communication" }).click();
  await page.getByRole("region", { name: "SMS", exact: true }).getByRole("link", { name: /555-0112/ }).click();
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(CASTILLO_OUT);
  await page.goto(thread);
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(CASTILLO_OUT);
  await expect(composer(page)).toHaveCount(0);

  // The API refuses too, with the record's name.
  const refused = await refusal();
  expect(refused.status).toBe(409);
  expect(refused.check?.reason).toBe("opted_out");
  expect(refused.check?.instances.filter(({ blocks }) => blocks).map(({ owner_name }) => owner_name)).toEqual(["Castillo family"]);

  // Opting it in again frees it.
  await changeOptIn(page, "Castillo family", "Opted in");
  await expect(composer(page)).toBeVisible();

  // STOP from the handset blocks at once, without a reload, and no record has changed.
  const handset = await Handset.open(context, "Carmen Garcia");
  await handset.text("STOP");
  await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(/texted STOP on .*, so it can't be texted until they text START\./);
  await expect(composer(page)).toHaveCount(0);
  expect(await refusal()).toMatchObject({ status: 409, check: { reason: "stopped" } });
  for (const family of ["Castillo family", "Garcia family"]) {
    await expect(holder(page, family)).toContainText("Opted in");
  }
  // Staff cannot lift it: the change says who can.
  await page.getByRole("button", { name: /^Change opt-in of .*Castillo family/ }).click();
  await expect(page.getByRole("dialog", { name: "Change opt-in" })).toContainText("Only the person can lift that, by texting START");
  await page.keyboard.press("Escape");

  // START frees it, and still no record has changed.
  await handset.text("START");
  await expect(composer(page)).toBeVisible();
  await expect(details(page)).toContainText("Both records with this number are opted in.");
  await expect(messages(page).getByText("START", { exact: true }).first()).toBeVisible();

  // As it was, for the tests that follow.
  await changeOptIn(page, "Castillo family", "Opted out");
  await expect(composer(page)).toHaveCount(0);
});
