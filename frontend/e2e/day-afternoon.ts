/** Steps 31 to 60 of the day: files, STOP, an opt-out, a text not sent, the team's list, search, records, the evening. */
import { expect } from "@playwright/test";

import type { Step } from "./day";
import { row, thread, type Desk } from "./day-desks";
import { bubble, filters, isDelivered, tabs } from "./day-morning";
import { composer, conversations, messages, messengerIcon } from "./support";

/** 2 × 2 pixels. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGOQ72oAIgYIBQAfBgSlQpJuUAAAAABJRU5ErkJggg==", "base64");
const CONTACT = Buffer.from("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Grandma Park\r\nTEL;TYPE=CELL:+13125550143\r\nEND:VCARD\r\n");

const whyNot = ({ page }: Desk) => page.getByRole("note", { name: "Why you can't send" });
const bulkBar = ({ page }: Desk) => page.getByRole("toolbar", { name: "Selected conversations" });

const files: Step[] = [
  {
    what: "The Parks send a picture: Maria looks at it in full",
    play: async ({ business, park, maria }) => {
      const { page } = maria;
      await business.text(park.number, "Is this jacket yours?");
      await maria.open(row(page, "Park"));
      await expect(messages(page).getByText("Is this jacket yours?")).toBeVisible();
      await business.file(park.number, "image/png", PICTURE);
      await maria.press(messages(page).getByRole("button", { name: "Picture" }));
      const picture = page.getByRole("dialog", { name: "Picture" });
      await expect.poll(() => picture.getByRole("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(2);
      await maria.press(picture.getByRole("button", { name: "Close this window" }));
      await expect(picture).toBeHidden();
    },
  },
  {
    what: "They send a contact card: it is a person who can be texted",
    play: async ({ business, park, maria }) => {
      await business.file(park.number, "text/vcard", CONTACT);
      await expect(messages(maria.page).getByText("Grandma Park")).toBeVisible();
      await expect(messages(maria.page).getByRole("link", { name: /^Text Grandma Park/ })).toBeVisible();
    },
  },
];

const stop: Step[] = [
  {
    what: "The Okafors ask something: Maria has half an answer",
    play: async ({ business, okafor, maria }) => {
      await business.text(okafor.number, "Do we owe anything?");
      await maria.open(row(maria.page, "Okafor"));
      await expect(messages(maria.page).getByText("Do we owe anything?")).toBeVisible();
      await maria.draft("No, all is paid");
    },
  },
  {
    what: "They text STOP: the composer says why it has gone, and keeps her words",
    play: async ({ business, okafor, maria }) => {
      await business.text(okafor.number, "STOP");
      await expect(whyNot(maria)).toContainText("texted STOP");
      await expect(whyNot(maria)).toContainText("Your draft is kept: No, all is paid");
      await expect(composer(maria.page)).toHaveCount(0);
    },
  },
  {
    what: "Ada reads in What happened who stopped it, and when",
    axe: "ada",
    play: async ({ ada }) => {
      await expect(row(ada.page, "Okafor")).toContainText("Opted out");
      await ada.open(row(ada.page, "Okafor"));
      await ada.lookAtDetails(async (pane) => {
        await expect(pane).toContainText("stopped texts to this number");
        await expect(pane).toContainText("can't be texted until they text START");
      });
    },
  },
  {
    what: "They text START: her words are back, and go",
    play: async ({ business, okafor, maria }) => {
      await business.text(okafor.number, "START");
      await expect(composer(maria.page)).toHaveValue("No, all is paid");
      await maria.answer("No, all is paid. Thank you!");
      await isDelivered(maria, "No, all is paid. Thank you!");
    },
  },
];

const optOut: Step[] = [
  {
    what: "The Joneses text, who opted out: the thread names the record that blocks",
    play: async ({ business, jones, maria }) => {
      await business.text(jones.number, "We changed our minds, text us again");
      await maria.open(row(maria.page, "Jones"));
      await expect(whyNot(maria)).toContainText(/Jones family opted out on .* so this number can't be texted\./);
    },
  },
  {
    what: "Maria records that they agree again",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.lookAtDetails(async (pane) => {
        await maria.press(pane.getByRole("button", { name: /^Change opt-in of .*Jones/ }));
        const dialog = page.getByRole("dialog", { name: "Change opt-in" });
        await maria.tick(dialog.getByRole("radio", { name: "Opted in" }));
        await maria.tick(dialog.getByRole("radio", { name: "They told us" }));
        await maria.write(dialog.getByRole("textbox", { name: "Wording" }), "We changed our minds, text us again");
        await maria.press(dialog.getByRole("button", { name: "Save" }));
        await expect(dialog).toBeHidden();
        await expect(pane).toContainText("Jones family is opted in.");
      });
      await expect(messages(page)).toContainText(/changed the opt-in .*from “Opted out” to “Opted in”/);
    },
  },
  {
    what: "She answers with a picture",
    play: async ({ business, jones, maria }) => {
      const { page } = maria;
      await maria.draft("Welcome back");
      const chooser = page.waitForEvent("filechooser");
      await maria.press(page.getByRole("button", { name: "Add a picture or file" }));
      await (await chooser).setFiles({ name: "welcome.png", mimeType: "image/png", buffer: PICTURE });
      await expect(page.getByRole("list", { name: "Files to send" })).toContainText("welcome.png");
      await expect(page.getByText("1 file ready to send")).toBeAttached();
      await maria.answer("Welcome back");
      await isDelivered(maria, "Welcome back");
      await expect(messages(page).getByRole("img", { name: "Picture" })).toBeVisible();
      expect(await business.received(jones.number)).toEqual(["Welcome back"]);
    },
  },
  {
    what: "They react with a heart, which stands on the message",
    play: async ({ business, jones, maria }) => {
      await business.text(jones.number, "Loved “Welcome back”");
      await expect(bubble(maria.page, "Welcome back").getByRole("note", { name: "They reacted with ❤️" })).toBeVisible();
    },
  },
];

const notSent: Step[] = [
  {
    what: "The Halls cannot be reached: the answer says so, the row too, and Noah’s icon",
    play: async ({ business, hall, maria, noah }) => {
      const { page } = maria;
      await business.text(hall.number, "Call me");
      await business.handset(hall.number, "landline");
      await maria.open(row(page, "Hall"));
      await expect(messages(page).getByText("Call me")).toBeVisible();
      await maria.answer("We will at noon");
      await expect(bubble(page, "We will at noon")).toContainText(/Not (sent|delivered)\./);
      await noah.seeList();
      await expect(row(noah.page, "Hall")).toContainText("1 text not sent");
      await expect(messengerIcon(noah.page)).toContainText("texts not sent in 1 conversation");
    },
    axe: "noah",
  },
  {
    what: "Maria looks at what was not sent",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.seeList();
      await maria.press(filters(page).getByRole("link", { name: /^Not sent/ }));
      await expect(page).toHaveURL(/not_sent=true/);
      await expect(conversations(page).getByRole("link")).toHaveCount(1);
      await expect(row(page, "Hall")).toBeVisible();
    },
  },
  {
    what: "They have a mobile again: she sends it again, and nothing is left to see to",
    play: async ({ business, hall, maria, noah }) => {
      const { page } = maria;
      await business.handset(hall.number, "on");
      await maria.open(row(page, "Hall"));
      await maria.press(messages(page).getByRole("button", { name: "Send again" }));
      await expect(messages(page).getByRole("button", { name: "Delivered", exact: true })).toBeVisible();
      await expect(messengerIcon(noah.page)).not.toContainText("not sent");
      expect(await business.received(hall.number)).toEqual(["We will at noon"]);
    },
  },
  {
    what: "She takes the filter off: everybody is there again",
    play: async ({ maria }) => {
      await maria.seeList();
      await maria.press(filters(maria.page).getByRole("link", { name: /^Not sent/ }));
      await expect(conversations(maria.page).getByRole("link")).toHaveCount(5);
    },
  },
];

const team: Step[] = [
  {
    what: "Maria keeps what is open and nobody’s as a view",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.press(tabs(page).getByRole("link", { name: /^Open/ }));
      await maria.press(page.getByRole("button", { name: "Filters and views" }));
      await maria.choose(page.getByRole("combobox", { name: "Who has it" }), "Nobody");
      await maria.write(page.getByRole("textbox", { name: "Name of the new view" }), "To do");
      await maria.press(page.getByRole("button", { name: "Save", exact: true }));
      await maria.press(page.getByRole("button", { name: "Done" }));
      await expect(filters(page).getByRole("link", { name: "To do" })).toBeVisible();
    },
  },
  {
    what: "She shows everything, and opens the view again",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.press(filters(page).getByRole("link", { name: "To do" }));
      await expect(conversations(page).getByRole("link")).toHaveCount(5);
      await maria.press(filters(page).getByRole("link", { name: "To do" }));
      await expect(page).toHaveURL(/status=open.*assignee=nobody|assignee=nobody.*status=open/);
      await expect(row(page, "Hall")).toBeVisible();
    },
  },
  {
    what: "She closes two at once: Noah finds them among the closed",
    play: async ({ maria, noah }) => {
      await maria.select([row(maria.page, "Hall"), row(maria.page, "Okafor")]);
      await expect(bulkBar(maria)).toContainText("2 selected");
      await maria.press(bulkBar(maria).getByRole("button", { name: "Close" }));
      await expect(maria.page.getByText("2 conversations closed")).toBeVisible();
      await noah.press(tabs(noah.page).getByRole("link", { name: "Closed" }));
      for (const family of ["Hall", "Okafor"]) await expect(row(noah.page, family)).toBeVisible();
    },
  },
  {
    what: "She takes that back, all of it",
    play: async ({ maria, noah }) => {
      await maria.undo();
      for (const family of ["Hall", "Okafor"]) {
        await expect(row(maria.page, family)).toBeVisible();
        await expect(row(noah.page, family)).toHaveCount(0);
      }
    },
  },
  {
    what: "Ada takes both over at once",
    play: async ({ ada }) => {
      const { page } = ada;
      await ada.seeList();
      await ada.select([row(page, "Hall"), row(page, "Jones")]);
      await ada.press(bulkBar(ada).getByRole("button", { name: "Assign" }));
      await ada.pickFromMenu(page.getByRole("menuitem", { name: "To me" }));
      await expect(filters(page).getByRole("link", { name: "Mine 2" })).toBeVisible();
    },
    axe: "ada",
  },
];

const search: Step[] = [
  {
    what: "Noah searches what was said in the morning, and is where it was said",
    play: async ({ noah }) => {
      const { page } = noah;
      await noah.search("day show");
      const found = page.getByRole("list", { name: "Search results" }).getByRole("link");
      await expect(found.filter({ hasText: "Which day is the show?" })).toBeVisible();
      await noah.open(found.filter({ hasText: "Which day is the show?" }));
      await expect(messages(page).getByText("Which day is the show?")).toBeInViewport();
    },
    axe: "noah",
  },
  {
    what: "He searches a name: the screen says where names are found",
    axe: "noah",
    play: async ({ noah }) => {
      await noah.search("Castillo");
      await expect(noah.page.getByText("No message says “Castillo”")).toBeVisible();
      await expect(noah.page.getByText("Names and phone numbers are found on the Families and Staff pages.")).toBeVisible();
    },
  },
  {
    what: "He goes there with what he typed",
    play: async ({ noah }) => {
      const { page } = noah;
      await noah.press(page.getByRole("link", { name: "Search Families for it" }));
      await noah.press(page.getByRole("link", { name: /Castillo family/ }));
      await expect(page.getByRole("heading", { name: "Castillo family" })).toBeVisible();
      await expect(page.getByText("Carmen Vega").first()).toBeVisible();
    },
    axe: "noah",
  },
];

const records: Step[] = [
  {
    what: "Maria texts a mother of whom she knows the first name",
    play: async ({ business, castillo, maria }) => {
      const { page } = maria;
      await maria.startConversation();
      const dialog = page.getByRole("dialog", { name: "New conversation" });
      await maria.write(dialog.getByRole("combobox", { name: "Name or number" }), "carmen");
      await maria.pick(dialog.getByRole("option", { name: /Castillo family.*Can be texted/ }));
      await maria.write(dialog.getByRole("textbox", { name: "First message" }), "Your leotard is here");
      await maria.press(dialog.getByRole("button", { name: "Send" }));
      await expect(thread(page).getByRole("heading", { name: /Castillo family/ })).toBeVisible();
      await isDelivered(maria, "Your leotard is here");
      expect(await business.received(castillo.number)).toEqual(["Your leotard is here"]);
    },
  },
  {
    what: "She texts her again, from the record",
    play: async ({ business, castillo, maria }) => {
      const { page } = maria;
      await maria.goTo("Families");
      await maria.write(page.getByRole("searchbox", { name: "Search name or number" }), "vega");
      await expect(page.getByRole("list", { name: "Families" }).getByRole("link")).toHaveCount(1);
      await maria.press(page.getByRole("link", { name: /Castillo family/ }));
      await maria.press(page.getByRole("link", { name: /^Text Carmen Vega/ }));
      await expect(bubble(page, "Your leotard is here")).toHaveCount(1);
      await maria.answer("We keep it at the desk");
      await isDelivered(maria, "We keep it at the desk");
      expect(await business.received(castillo.number)).toHaveLength(2);
    },
  },
  {
    what: "Noah reads both in the record’s Communication",
    play: async ({ noah }) => {
      const { page } = noah;
      await noah.press(page.getByRole("link", { name: "Communication" }));
      const section = page.getByRole("region", { name: "SMS", exact: true });
      await noah.press(section.getByRole("link").filter({ hasText: "We keep it at the desk" }));
      await expect(bubble(page, "Your leotard is here")).toHaveCount(1);
      await expect(bubble(page, "We keep it at the desk")).toHaveCount(1);
    },
    axe: "noah",
  },
  {
    what: "Maria looks up what Noah may do",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.goTo("Staff");
      await maria.press(page.getByRole("link", { name: /Noah Weber/ }));
      await expect(page.getByRole("heading", { name: "Noah Weber" })).toBeVisible();
      await expect(page.getByRole("main")).toContainText("SMS Logs");
    },
  },
];

const evening: Step[] = [
  {
    what: "Ada sets the away message",
    play: async ({ ada }) => {
      const { page } = ada;
      await ada.goToAccountMenu("Administration");
      await ada.press(page.getByRole("link", { name: "Organization", exact: true }));
      await ada.tick(page.getByRole("checkbox", { name: "Answer texts outside opening hours" }));
      await ada.write(page.getByRole("textbox", { name: "Message" }), "We answer in the morning.");
      await ada.press(page.getByRole("button", { name: "Save" }));
      await expect(page.getByText("Opening hours and away message saved.")).toBeVisible();
    },
    axe: "ada",
  },
  {
    what: "The Parks text in the evening: they are told, and their text stays unread",
    play: async ({ business, park, maria }) => {
      const { page } = maria;
      await maria.goTo("Messenger");
      await business.text(park.number, "Anybody there?");
      await expect(row(page, "Park")).toContainText("We answer in the morning.");
      await expect(row(page, "Park")).toContainText(/\d unread message/);
      await expect.poll(() => business.received(park.number)).toEqual(["We answer in the morning."]);
    },
  },
  {
    what: "Maria wants to be told of what is hers only",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.goToAccountMenu("Notifications");
      const mine = page.getByRole("region", { name: "Notifications" }).getByRole("radio", { name: "What is mine" });
      const saved = page.waitForResponse((response) => response.url().endsWith("/me/notifications") && response.request().method() === "PUT" && response.ok());
      await maria.tick(mine);
      await saved;
      await maria.goTo("Staff");
      await maria.goToAccountMenu("Notifications");
      await expect(mine).toBeChecked();
    },
  },
  {
    what: "Maria signs out",
    play: async ({ maria }) => {
      await maria.goToAccountMenu("Sign out");
      await expect(maria.page.getByRole("button", { name: "Sign in" })).toBeVisible();
    },
  },
];

export const AFTERNOON = [...files, ...stop, ...optOut, ...notSent, ...team, ...search, ...records, ...evening];
