/**
 * What a person of the front desk asks, answered by the screen alone: each question begins at the Messenger, and follows only
 * what is written there. At a desk and on a phone.
 */
import type { Browser, Page } from "@playwright/test";

import { type Business, expect, test } from "./business";
import { MouseDesk, PhoneDesk, row, thread } from "./day-desks";
import { composer, conversations, messages, messengerIcon } from "./support";

const DESKS = {
  desk: { seat: (page: Page) => new MouseDesk(page), viewport: { width: 1440, height: 900 }, hasTouch: false },
  phone: { seat: (page: Page) => new PhoneDesk(page), viewport: { width: 390, height: 780 }, hasTouch: true },
};

/** Daniel, at his own screen, answers a family and gives the conversation to Maria. */
async function answeredByDaniel(browser: Browser, business: Business, family: string): Promise<void> {
  const context = await browser.newContext(DESKS.desk);
  const daniel = new MouseDesk(await context.newPage());
  await business.signIn(daniel.page, "daniel");
  await daniel.open(row(daniel.page, family));
  await expect(messages(daniel.page).getByRole("article").first()).toBeVisible();
  await daniel.answer("Yes, at five");
  await expect(messages(daniel.page).getByRole("button", { name: "Delivered" })).toBeVisible();
  await daniel.openAssign();
  await daniel.pick(daniel.page.getByRole("option", { name: /Maria Delgado/ }));
  await expect(thread(daniel.page).getByRole("button", { name: "Assigned to Maria Delgado" })).toBeVisible();
  await context.close();
}

for (const [size, { seat, ...options }] of Object.entries(DESKS)) {
  test(`the screen answers the desk’s questions with the README closed: ${size}`, async ({ browser, business }) => {
    const rivera = await business.family("Rivera");
    const jones = await business.family("Jones");
    await business.family("Smith", "opted_out", jones.number);
    const okafor = await business.family("Okafor");
    const hall = await business.family("Hall");
    const castillo = await business.family("Castillo", "opted_in", undefined, "Carmen Vega");
    await business.text(rivera.number, "Is class on today?");
    await answeredByDaniel(browser, business, "Rivera");
    await business.text(jones.number, "When is the show?");
    for (const words of ["Do we owe anything?", "STOP"]) await business.text(okafor.number, words);
    await business.text(hall.number, "Call me");
    await business.handset(hall.number, "landline");

    const context = await browser.newContext(options);
    const maria = seat(await context.newPage());
    const { page } = maria;
    await business.signIn(page, "maria", "/");

    await test.step("Why can't I text the Joneses? Another family has the number too, and opted out: its name is a link to it", async () => {
      await expect(row(page, "Jones")).toContainText("Opted out");
      await maria.open(row(page, "Jones"));
      await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(/Smith family opted out on .* in the portal, so this number can't be texted\./);
      await maria.lookAtDetails(async (pane) => {
        await expect(pane.getByRole("heading", { name: "Who has this number" })).toBeVisible();
        await expect(pane.getByRole("listitem").filter({ hasText: "Jones family" }).first()).toContainText("Opted in");
        await expect(pane.getByRole("listitem").filter({ hasText: "Smith family" }).first()).toContainText("Opted out");
        await expect(pane.getByRole("link", { name: "Smith family" })).toBeVisible();
      });
    });

    await test.step("And the Okafors? They texted STOP, and only they can lift it", async () => {
      await maria.open(row(page, "Okafor"));
      await expect(page.getByRole("note", { name: "Why you can't send" })).toContainText(/texted STOP .*can't be texted until they text START/);
    });

    await test.step("Who answered the Riveras last? Their row says it, and the bubble. Who has them now? The header says it", async () => {
      await maria.seeList();
      await expect(row(page, "Rivera")).toContainText("Daniel: Yes, at five");
      await expect(row(page, "Rivera")).toContainText("Yours");
      await maria.open(row(page, "Rivera"));
      await expect(messages(page).getByRole("article", { name: /^Daniel Kim wrote/ })).toContainText("Yes, at five");
      await maria.lookAtDetails(async (pane) => {
        await expect(pane).toContainText("You have it");
        await expect(pane).toContainText("Daniel Kim sent a message");
      });
    });

    await test.step("What was not sent? A mark in the row, a figure at the icon, a filter; the bubble says why and what to do", async () => {
      await maria.open(row(page, "Hall"));
      await maria.answer("We will at noon");
      await expect(messages(page).getByText(/Not (sent|delivered)\./)).toBeVisible();
      await expect(messages(page).getByRole("button", { name: "Send again" })).toBeVisible();
      await maria.seeList();
      await expect(row(page, "Hall")).toContainText("1 text not sent");
      await expect(messengerIcon(page)).toContainText("texts not sent in 1 conversation");
      await maria.press(page.getByRole("link", { name: "Not sent 1" }));
      await expect(conversations(page).getByRole("link")).toHaveCount(1);
      await maria.press(page.getByRole("link", { name: "Not sent 1" }));
    });

    await test.step("What is still to do? What is unread, what is open, what is mine, who waits longest: each with its figure", async () => {
      await business.text(jones.number, "Hello?");
      await expect(page.getByRole("link", { name: "Unread 1" })).toBeVisible();
      await expect(page.getByRole("link", { name: "Open 3" })).toBeVisible();
      await expect(page.getByRole("link", { name: "Mine 1" })).toBeVisible();
      await maria.press(page.getByRole("link", { name: /^Unread/ }));
      await expect(row(page, "Jones")).toContainText("Hello?");
      await expect(conversations(page).getByRole("link")).toHaveCount(1);
      await maria.press(page.getByRole("link", { name: "All", exact: true }));
    });

    await test.step("Why did the search find nothing? It looks at what messages say; names are found elsewhere, one click away", async () => {
      await maria.search("Castillo");
      await expect(page.getByText("No message says “Castillo”")).toBeVisible();
      await expect(page.getByText("Only what messages say is searched here")).toBeVisible();
      await maria.press(page.getByRole("link", { name: "Search Families for it" }));
      await expect(page.getByRole("link", { name: /Castillo family/ })).toBeVisible();
    });

    await test.step("How do I text a mother of whom I know the first name? New conversation asks for a name", async () => {
      await maria.goTo("Messenger");
      await maria.startConversation();
      const dialog = page.getByRole("dialog", { name: "New conversation" });
      await expect(dialog.getByPlaceholder("A name, a child’s name or a number")).toBeVisible();
      await maria.write(dialog.getByRole("combobox", { name: "Name or number" }), "carmen");
      await maria.pick(dialog.getByRole("option", { name: /Castillo family · Carmen Vega.*Can be texted/ }));
      await maria.write(dialog.getByRole("textbox", { name: "First message" }), "Your leotard is here");
      await maria.press(dialog.getByRole("button", { name: "Send" }));
      await expect(thread(page).getByRole("heading", { name: /Castillo family/ })).toBeVisible();
      await expect(composer(page)).toBeVisible();
      await expect.poll(() => business.received(castillo.number)).toEqual(["Your leotard is here"]);
    });
    await context.close();
  });
}
