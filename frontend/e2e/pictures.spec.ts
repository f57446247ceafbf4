import { request } from "@playwright/test";

import { conversations, expect, get, Handset, messages, PEOPLE, signIn, test } from "./support";

/** 2 × 2 pixels. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGOQ72oAIgYIBQAfBgSlQpJuUAAAAABJRU5ErkJggg==",
  "base64",
);

test("a picture from a handset is seen in the thread, larger on a click, and served as nothing but a picture", async ({ page, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const handset = await Handset.open(context, "Ashley Brown");
  const words = `This is the jacket we lost ${Date.now()}`;
  await handset.text(words);
  await conversations(page).getByRole("link", { name: /Brown family/ }).click();
  await expect(messages(page).getByText(words)).toBeVisible();

  await handset.picture({ name: "jacket.png", mimeType: "image/png", buffer: PNG });
  // Others may stand above it: it is the newest message.
  const newest = messages(page).getByRole("article").last();
  await expect(newest).not.toContainText(words);
  const picture = newest.getByRole("img", { name: "Picture" });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);

  await newest.getByRole("button", { name: "Picture" }).click();
  const dialog = page.getByRole("dialog", { name: "Picture" });
  await expect(dialog.getByRole("img", { name: "Picture" })).toBeVisible();
  const address = (await dialog.getByRole("link", { name: "Open in a new tab" }).getAttribute("href")) ?? "";
  expect(address).toMatch(/^\/api\/v1\/messages\//);
  const served = await get(page.request, address);
  expect(served.headers()).toMatchObject({
    "content-type": "image/png",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  });
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  const stranger = await request.newContext();
  expect((await get(stranger, new URL(address, page.url()).href)).status()).toBe(401);
  await stranger.dispose();
});
