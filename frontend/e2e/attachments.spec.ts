import { composer, conversations, expect, expectAccessible, Handset, messages, PEOPLE, signIn, test } from "./support";

test("a pasted picture is previewed, survives a reload, is sent and arrives on the handset", async ({ page, context }) => {
  await signIn(page, PEOPLE.readsAndAnswers);
  const handset = await Handset.open(context, "Ashley Brown");
  await handset.text("When is practice in July?");
  await conversations(page).getByRole("link", { name: /Brown family/ }).click();
  await expect(composer(page)).toBeVisible();

  // A photo larger than a phone's screen, as the clipboard of a desk holds it.
  await composer(page).evaluate(async (box) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 1800 });
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("no canvas");
    for (let stripe = 0; stripe < 60; stripe++) {
      pen.fillStyle = `hsl(${stripe * 6} 70% 50%)`;
      pen.fillRect(stripe * 40, 0, 40, 1800);
    }
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    if (!blob) throw new Error("no picture");
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], "schedule.jpg", { type: "image/jpeg" }));
    box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  const tray = page.getByRole("list", { name: "Files to send" });
  await expect(tray.getByText("schedule.jpg")).toBeVisible();
  const preview = tray.locator("img");
  await expect.poll(() => preview.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1600);
  await expectAccessible(page);

  await page.reload();
  await expect(tray.getByText("schedule.jpg")).toBeVisible();
  const words = `The summer schedule ${Date.now()}`;
  await composer(page).fill(words);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(tray).toBeHidden();

  await expect(messages(page).getByText(words)).toBeVisible();
  const shown = messages(page).getByRole("img", { name: "Picture" }).last();
  await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1600);

  await expect(handset.texts.getByText(words)).toBeVisible();
  const arrived = handset.texts.getByRole("img", { name: "Picture" }).last();
  await expect.poll(() => arrived.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1600);

  await handset.text(`Loved “${words}”`);
  await expect(messages(page).getByRole("note", { name: "They reacted with ❤️" }).last()).toBeVisible();
  await expectAccessible(page);
});
