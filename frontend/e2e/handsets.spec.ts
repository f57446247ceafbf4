import { expect, Handset, test } from "./support";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("a parent sends a picture from the handset, and is told what cannot be sent", async ({ context }) => {
  const { page, texts } = await Handset.open(context, "Tia Walker");
  const phone = page.getByRole("region", { name: "Tia Walker" });
  const choose = async (name: string, mimeType: string) => {
    const chooser = page.waitForEvent("filechooser");
    await phone.getByRole("button", { name: "Add a picture" }).click();
    await (await chooser).setFiles({ name, mimeType, buffer: PNG });
  };

  await choose("notes.txt", "text/plain");
  await expect(phone.getByRole("alert")).toHaveText("notes.txt is not a JPEG, PNG, GIF or WebP picture.");

  await choose("jacket.png", "image/png");
  await choose("by-mistake.png", "image/png");
  await expect(phone.getByRole("alert")).toBeHidden();
  await phone.getByRole("button", { name: "Leave out by-mistake.png" }).click();
  const tray = phone.getByRole("list", { name: "Pictures to send" });
  await expect(tray.getByRole("img")).toHaveAttribute("alt", "jacket.png");

  const before = await texts.getByRole("img").count();
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(tray).toBeHidden();
  await expect(texts.getByRole("img")).toHaveCount(before + 1);
  await expect.poll(() => texts.getByRole("img").last().evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
});
