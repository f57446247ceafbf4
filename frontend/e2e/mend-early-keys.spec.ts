/** FOCUS: a key pressed before the conversation's controls are there acts once they are. */
import { expect, test } from "./business";
import { composer, conversations } from "./support";

test("m, pressed while the next conversation is loading, assigns it once it is there; what came between takes it back", async ({ page, business }) => {
  const rivera = await business.family("Rivera");
  const chen = await business.family("Chen");
  await business.text(chen.number, "We are late");
  await business.text(rivera.number, "Is class on today?");
  await business.signIn(page, "maria");
  const row = (name: RegExp) => conversations(page).getByRole("link", { name });
  const chenRow = page.locator("[data-conversation]", { hasText: "Chen family" });
  const id = (await chenRow.getAttribute("data-conversation")) ?? "";
  let release = () => undefined as unknown;
  const hold = () => {
    const held = new Promise((done) => (release = () => done(undefined)));
    return page.route(`**/api/v1/conversations/${id}`, async (route) => {
      await held;
      await route.continue();
    });
  };
  await hold();

  await row(/Rivera family/).focus();
  await page.keyboard.press("Enter");
  await expect(composer(page)).toBeFocused();
  await expect(row(/Rivera family/)).not.toContainText("unread");
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await expect(row(/Chen family/)).toBeFocused();
  await expect(page.getByRole("heading", { name: /Chen family/ })).toBeVisible();
  await page.keyboard.press("m");
  await expect(page.getByRole("button", { name: "Assign", exact: true })).toBeHidden();
  release();
  await expect(page.getByText("Chen family: you have it now")).toBeVisible();
  await expect(page.getByRole("button", { name: "Assigned to Maria Delgado, you" })).toBeVisible();

  // A key that is followed by another is not what the person wants any more; and an e may be part of a text.
  await page.unroute(`**/api/v1/conversations/${id}`);
  await hold();
  await page.goto(`/messenger/${id}`);
  await row(/Chen family/).focus();
  await page.keyboard.press("l");
  await page.keyboard.press("Shift");
  await page.keyboard.press("e");
  release();
  await expect(page.getByRole("button", { name: /^Close/ })).toBeVisible();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("heading", { name: /Chen family/ })).toContainText("open");
});
