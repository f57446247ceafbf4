/** The desk's last gaps: files in scheduled and first texts, rows that follow consent and names, what Undo restores. */
import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./business";
import { composer, conversations, details, expectAccessible, messages } from "./support";

/** Pastes a picture into the box, as the clipboard of a desk holds it. */
async function pastePicture(box: Locator): Promise<void> {
  await box.evaluate(async (element) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 120, height: 90 });
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("no canvas");
    pen.fillRect(20, 20, 40, 40);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg"));
    if (!blob) throw new Error("no picture");
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], "schedule.jpg", { type: "image/jpeg" }));
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
}

async function isShown(picture: Locator): Promise<void> {
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
}

const tray = (page: Page) => page.getByRole("list", { name: "Files to send" });

test.describe("a device in another zone", () => {
  test.use({ timezoneId: "Pacific/Auckland" });

  test("LATER: a scheduled text keeps its picture through Change, Withdraw and Undo, and leaves with it", async ({ page, browser, business }) => {
    const { number } = await business.family("Rivera");
    await business.text(number, "When is practice in July?");
    await business.signIn(page, "maria");
    await conversations(page).getByRole("link", { name: /Rivera family/ }).click();
    await composer(page).fill("The schedule");
    await pastePicture(composer(page));
    await expect(tray(page).getByText("schedule.jpg")).toBeVisible();
    await expect(page.getByText("1 file ready to send")).toBeAttached();
    await composer(page).press("Control+Shift+Enter");
    await page.getByRole("dialog", { name: "Send later" }).getByRole("button", { name: /Tomorrow/ }).click();
    await expect(tray(page)).toHaveCount(0);

    const card = page.getByRole("article", { name: "Scheduled text" });
    await expect(card).toContainText("The schedule");
    await expect(card).toContainText("9:00");
    await isShown(card.getByRole("img", { name: "Picture" }));
    const other = await browser.newPage();
    await business.signIn(other, "daniel", new URL(page.url()).pathname);
    await isShown(other.getByRole("article", { name: "Scheduled text" }).getByRole("img", { name: "Picture" }));
    await other.close();

    // The fields are in the business's zone, whatever the device's is.
    await card.getByRole("button", { name: "Change" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the scheduled text" });
    await expect(dialog.getByLabel("Time")).toHaveValue("09:00");
    await expect(dialog).toContainText("America/Chicago");
    await expectAccessible(page);
    await dialog.getByLabel("Time").fill("10:30");
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(card).toContainText("10:30");

    await card.getByRole("button", { name: "Withdraw" }).click();
    await expect(card).toHaveCount(0);
    await page.getByRole("button", { name: /^Undo/ }).click();
    await isShown(card.getByRole("img", { name: "Picture" }));
    await card.getByRole("button", { name: "Send now" }).click();
    await expect(card).toHaveCount(0);
    await expect(messages(page).getByText("The schedule")).toHaveCount(1);
    await isShown(messages(page).getByRole("img", { name: "Picture" }));
  });
});

test("TO-NAME: a first text takes a saved reply by / and a picture, and is kept when the window closes", async ({ page, business }) => {
  const { number } = await business.family("Castillo");
  await business.savedReply("Welcome", "Hi {first_name}, welcome to {business}");
  await business.signIn(page, "maria", `/messenger?to=${encodeURIComponent(number)}`);
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  const box = dialog.getByRole("textbox", { name: "First message" });
  await expect(box).toBeFocused();
  await page.keyboard.press("/");
  await expect(dialog.getByRole("combobox", { name: "Saved replies" })).toBeFocused();
  // Escape closes the list, not the window.
  await page.keyboard.press("Escape");
  await expect(box).toBeFocused();
  await page.keyboard.press("/");
  await page.keyboard.type("welc");
  await expect(dialog.getByRole("option", { name: /Welcome/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(box).toHaveValue("Hi Rosa, welcome to Corner Gym");
  await expect(dialog.getByText(/1 text ·/)).toBeVisible();
  await pastePicture(box);
  await isShown(tray(page).locator("img"));
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.goto(`/messenger?to=${encodeURIComponent(number)}`);
  await expect(tray(page).getByText("schedule.jpg")).toBeVisible();
  await box.press("Enter");
  await expect(messages(page).getByText("Hi Rosa, welcome to Corner Gym")).toBeVisible();
  await isShown(messages(page).getByRole("img", { name: "Picture" }));
});

test("a change of consent or of a name shows on every open screen, and What happened names people", async ({ page, browser, business }) => {
  const { number, id } = await business.family("Okafor");
  await business.text(number, "Hello?");
  await business.signIn(page, "maria");
  const row = conversations(page).getByRole("link", { name: /Okafor family/ });
  await row.click();
  await expect(composer(page)).toBeVisible();
  const other = await browser.newPage();
  await business.signIn(other, "daniel", `/families/${id}`);

  await business.rename(id, "Okafor-Lee family");
  await expect(conversations(page).getByRole("link", { name: /Okafor-Lee family/ })).toBeVisible();
  await expect(page.getByRole("heading", { name: /Okafor-Lee family/ })).toBeVisible();

  await business.text(number, "STOP");
  await expect(conversations(page).getByRole("link", { name: /Okafor-Lee family.*Opted out/s })).toBeVisible();
  await expect(composer(page)).toHaveCount(0);
  await expect(page.getByText(/texted STOP/).first()).toBeVisible();
  await expect(details(page)).toContainText("Rosa Okafor (Okafor-Lee family) stopped texts to this number");
  await expect(messages(page)).toContainText("Rosa Okafor (Okafor-Lee family) stopped texts");
  await business.text(number, "START");
  await expect(composer(page)).toBeVisible();
  await expect(details(page)).toContainText("Rosa Okafor (Okafor-Lee family) allowed texts again");
  await other.close();
});

test("NOT-SENT: Dismiss has an Undo, which marks the conversation again on every screen", async ({ page, browser, business }) => {
  const { number } = await business.family("Jones");
  await business.text(number, "Hello?");
  await business.handset(number, "landline");
  await business.signIn(page, "maria");
  const row = (on: Page) => conversations(on).getByRole("link", { name: /Jones family/ });
  await row(page).click();
  await composer(page).fill("Can you read this?");
  await composer(page).press("Enter");
  const other = await browser.newPage();
  await business.signIn(other, "daniel");
  await expect(row(other)).toContainText("text not sent");
  await messages(page).getByRole("button", { name: "Dismiss" }).click();
  await expect(row(other)).not.toContainText("text not sent");
  await page.getByRole("button", { name: /^Undo/ }).click();
  await expect(row(other)).toContainText("text not sent");
  await expect(messages(page).getByRole("button", { name: "Dismiss" })).toBeVisible();
  await other.close();
});
