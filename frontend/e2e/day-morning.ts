/** Steps 1 to 30 of the day: signing in, answering, notes, assignment, a saved reply, a scheduled text, Later. */
import { expect, type Page } from "@playwright/test";

import type { Business } from "./business";
import type { Day, Step } from "./day";
import { row, thread, type Desk } from "./day-desks";
import { badges, composer, conversations, messages, messengerIcon, PASSWORD } from "./support";

export const bubble = (page: Page, words: string) => messages(page).getByRole("article").filter({ hasText: words });
const paper = (page: Page, author: string) => messages(page).getByRole("article", { name: new RegExp(`^${author} noted`) });
const card = (page: Page) => page.getByRole("article", { name: "Scheduled text" });
export const filters = (page: Page) => page.getByRole("navigation", { name: "Filters" });
export const tabs = (page: Page) => page.getByRole("navigation", { name: "Show conversations" });

async function signIn(desk: Desk, business: Business, name: string): Promise<void> {
  const { page } = desk;
  await desk.write(page.getByRole("textbox", { name: "Organization" }), business.slug);
  await desk.write(page.getByRole("textbox", { name: "Email" }), business.email(name));
  await desk.write(page.getByLabel("Password"), PASSWORD);
  await desk.press(page.getByRole("button", { name: "Sign in" }));
  await expect(page.getByRole("heading", { name: "Messenger", exact: true })).toBeVisible();
  await expect(messengerIcon(page)).toBeVisible();
  // Where the browser can show notifications they are offered once.
  const no = page.getByRole("button", { name: "No, thanks" });
  if (await no.isVisible()) await desk.press(no);
}

/** The words stand in the thread once, as its last message, and have arrived. */
export async function isDelivered({ page }: Desk, words: string): Promise<void> {
  await expect(bubble(page, words)).toHaveCount(1);
  const last = messages(page).getByRole("article").last();
  await expect(last).toContainText(words);
  await expect(last.getByRole("button", { name: "Delivered", exact: true })).toBeVisible();
}

const arrival: Step[] = [
  {
    what: "Ada signs in, and an empty inbox says so",
    play: async ({ ada, business }) => {
      await signIn(ada, business, "ada");
      await expect(ada.page.getByText("No conversations yet")).toBeVisible();
    },
    axe: "ada",
  },
  { what: "Maria signs in", play: ({ maria, business }) => signIn(maria, business, "maria") },
  { what: "Noah signs in", axe: "noah", play: ({ noah, business }) => signIn(noah, business, "noah") },
  {
    what: "The Riveras text: it is unread on all three screens",
    play: async ({ business, rivera, ada, maria, noah }) => {
      await business.text(rivera.number, "Is class on today?");
      for (const { page } of [ada, maria, noah]) {
        await expect(row(page, "Rivera")).toContainText("1 unread message");
        await expect.poll(() => badges(page)).toEqual({ red: 1, gray: 0 });
      }
    },
  },
  {
    what: "Maria opens it: it is open on all three",
    play: async ({ ada, maria, noah }) => {
      await maria.open(row(maria.page, "Rivera"));
      await expect(messages(maria.page).getByText("Is class on today?")).toBeVisible();
      for (const { page } of [ada, noah]) await expect.poll(() => badges(page)).toEqual({ red: 0, gray: 1 });
      await expect(row(noah.page, "Rivera")).toContainText("Maria");
    },
  },
  {
    what: "Noah opens it too: he sees who is there, and why he cannot answer",
    axe: "noah",
    play: async ({ maria, noah }) => {
      await noah.open(row(noah.page, "Rivera"));
      await expect(noah.page.getByRole("note", { name: "Why you can't send" })).toContainText("Sending needs the Mass Text permission.");
      await expect(thread(noah.page).getByRole("status").filter({ hasText: "Maria is viewing" })).toBeVisible();
      await expect(thread(maria.page).getByRole("status").filter({ hasText: "Noah is viewing" })).toBeVisible();
    },
  },
  {
    what: "Maria writes: Noah sees that she does",
    play: async ({ maria, noah }) => {
      await maria.draft("Yes, at five");
      await expect(noah.page.getByText("Maria is writing…")).toBeVisible();
    },
  },
  {
    what: "She sends it: it arrives at the Riveras, and stands on Noah’s screen",
    play: async ({ business, rivera, maria, noah }) => {
      await maria.send();
      await expect(composer(maria.page)).toHaveValue("");
      await isDelivered(maria, "Yes, at five");
      await expect(bubble(noah.page, "Yes, at five")).toHaveCount(1);
      expect(await business.received(rivera.number)).toEqual(["Yes, at five"]);
    },
  },
  {
    what: "The rows say who answered",
    play: async ({ ada, maria }) => {
      await maria.seeList();
      await expect(row(maria.page, "Rivera")).toContainText("You: Yes, at five");
      await expect(row(ada.page, "Rivera")).toContainText("Maria: Yes, at five");
    },
    axe: "ada",
  },
];

const notes: Step[] = [
  {
    what: "Maria writes a note that mentions Noah",
    play: async ({ maria, noah }) => {
      const { page } = maria;
      await maria.open(row(page, "Rivera"));
      await maria.openNote();
      const box = page.getByRole("combobox", { name: "Note" });
      await maria.write(box, "Please call them, @Noa");
      await maria.pick(page.getByRole("option", { name: "Noah Weber" }));
      await expect(box).toHaveValue("Please call them, @Noah Weber ");
      await maria.addNote();
      await expect(paper(page, "Maria Delgado")).toContainText("Please call them, @Noah Weber");
      await expect(paper(noah.page, "Maria Delgado")).toContainText("Please call them");
    },
  },
  {
    what: "Noah is told, and his mentions lead to the note",
    axe: "noah",
    play: async ({ noah }) => {
      const { page } = noah;
      await noah.goTo("Families");
      await noah.press(page.getByRole("button", { name: /^Mentions/ }));
      await noah.press(page.getByRole("dialog", { name: "Mentions" }).getByRole("link", { name: /Maria Delgado/ }));
      await expect(paper(page, "Maria Delgado")).toBeInViewport();
    },
  },
  {
    what: "Noah answers with a note, which needs no Mass Text",
    axe: "noah",
    play: async ({ maria, noah }) => {
      await noah.openNote();
      await noah.write(noah.page.getByRole("combobox", { name: "Note" }), "I will after lunch");
      await noah.addNote();
      await expect(paper(maria.page, "Noah Weber")).toContainText("I will after lunch");
    },
  },
  {
    what: "Maria corrects her note, and the earlier wording stays readable",
    play: async ({ maria, noah }) => {
      const { page } = maria;
      await maria.press(paper(page, "Maria Delgado").getByRole("button", { name: "Edit" }));
      await maria.write(page.getByRole("dialog").getByRole("combobox", { name: "Note" }), "Call them before five, please");
      await maria.press(page.getByRole("button", { name: "Save note" }));
      await expect(paper(noah.page, "Maria Delgado")).toContainText("Call them before five, please");
      await noah.press(messages(noah.page).getByRole("button", { name: /Edited/ }));
      const before = noah.page.getByRole("dialog", { name: "How this note read before" });
      await expect(before).toContainText("Please call them, @Noah Weber");
      await noah.press(before.getByRole("button", { name: "Close this window" }));
    },
  },
  {
    what: "Maria removes it, and takes that back",
    play: async ({ maria, noah }) => {
      await maria.press(paper(maria.page, "Maria Delgado").getByRole("button", { name: "Remove" }));
      await expect(messages(noah.page)).toContainText("Maria Delgado removed this note");
      await maria.undo();
      await expect(paper(noah.page, "Maria Delgado").last()).toContainText("Call them before five, please");
    },
  },
];

const assignment: Step[] = [
  {
    what: "Maria takes the conversation: Noah sees that she has it",
    play: async ({ maria, noah }) => {
      await maria.take();
      await noah.lookAtDetails((pane) => expect(pane).toContainText("Maria Delgado has it"));
    },
  },
  {
    what: "She takes that back",
    play: async ({ maria, noah }) => {
      await maria.undo();
      await noah.lookAtDetails((pane) => expect(pane).toContainText("Nobody has it yet."));
    },
  },
  {
    what: "She gives it to Noah: it is his, and counts as his",
    play: async ({ maria, noah }) => {
      const { page } = maria;
      await maria.openAssign();
      await maria.write(page.getByRole("combobox", { name: "Colleagues" }), "noah");
      await maria.pick(page.getByRole("option", { name: /Noah Weber/ }));
      await noah.seeList();
      await expect(filters(noah.page).getByRole("link", { name: "Mine 1" })).toBeVisible();
      await expect(row(noah.page, "Rivera")).toContainText("Yours");
    },
    axe: "noah",
  },
  {
    what: "Noah looks at what is his, and gives it back",
    axe: "noah",
    play: async ({ noah }) => {
      const { page } = noah;
      await noah.press(filters(page).getByRole("link", { name: /^Mine/ }));
      await expect(page).toHaveURL(/assignee=me/);
      await expect(conversations(page).getByRole("link")).toHaveCount(1);
      await noah.press(filters(page).getByRole("link", { name: /^Mine/ }));
      await noah.open(row(page, "Rivera"));
      await noah.release();
      await noah.lookAtDetails((pane) => expect(pane).toContainText("Nobody has it yet."));
    },
  },
];

const savedReply: Step[] = [
  {
    what: "Ada saves a reply for everybody",
    play: async ({ ada }) => {
      const { page } = ada;
      await ada.goToAccountMenu("Saved replies");
      await ada.press(page.getByRole("button", { name: "New reply" }));
      const editor = page.getByRole("dialog", { name: "New saved reply" });
      await ada.write(editor.getByRole("textbox", { name: "Title" }), "Directions");
      await ada.write(editor.getByRole("textbox", { name: "Text", exact: true }), "Hi {first_name}, park behind {business}.");
      await ada.tick(editor.getByRole("radio", { name: "Everybody here" }));
      await ada.press(editor.getByRole("button", { name: "Save", exact: true }));
      await expect(page.getByRole("listitem").filter({ hasText: "Directions" })).toContainText("Not used yet");
    },
    axe: "ada",
  },
  {
    what: "Maria picks it, filled in for the mother",
    play: async ({ maria }) => {
      const { page } = maria;
      await maria.draft("");
      await maria.openSavedReplies();
      await maria.write(page.getByRole("combobox", { name: "Saved replies" }), "direc");
      await maria.pick(page.getByRole("option", { name: /Directions/ }));
      await expect(composer(page)).toHaveValue("Hi Rosa, park behind Corner Gym.");
    },
  },
  {
    what: "She sends it",
    play: async ({ business, rivera, maria }) => {
      await maria.send();
      await isDelivered(maria, "park behind Corner Gym");
      expect((await business.received(rivera.number)).at(-1)).toBe("Hi Rosa, park behind Corner Gym.");
    },
  },
];

async function writesTomorrow({ maria }: Day): Promise<void> {
  const { page } = maria;
  await maria.draft("The show is on Saturday");
  await maria.openSendLater();
  await maria.press(page.getByRole("dialog", { name: "Send later" }).getByRole("button", { name: /^Tomorrow/ }));
  await expect(card(page)).toContainText("Maria Delgado scheduled it for");
  await expect(composer(page)).toHaveValue("");
}

const scheduled: Step[] = [
  {
    what: "Maria has an answer leave tomorrow: Noah sees it stand there",
    play: async (day) => {
      await writesTomorrow(day);
      await expect(card(day.noah.page)).toContainText("The show is on Saturday");
    },
  },
  {
    what: "She changes its words",
    play: async ({ maria, noah }) => {
      const { page } = maria;
      await maria.press(card(page).getByRole("button", { name: "Change" }));
      const dialog = page.getByRole("dialog", { name: "Change the scheduled text" });
      await maria.write(dialog.getByRole("textbox", { name: "Text" }), "The show is on Sunday");
      await maria.press(dialog.getByRole("button", { name: "Save" }));
      await expect(dialog).toBeHidden();
      await expect(card(noah.page)).toContainText("The show is on Sunday");
    },
  },
  {
    what: "The Riveras write: the card says that it would be held back",
    play: async ({ business, rivera, maria }) => {
      await business.text(rivera.number, "Which day is the show?");
      await expect(card(maria.page)).toContainText("They have written since.");
    },
  },
  {
    what: "She withdraws it, and takes that back",
    play: async ({ maria }) => {
      await maria.press(card(maria.page).getByRole("button", { name: "Withdraw" }));
      await expect(card(maria.page)).toHaveCount(0);
      await maria.undo();
      await expect(card(maria.page)).toContainText("The show is on Sunday");
    },
  },
  {
    what: "She sends it now: it stands in the thread, once",
    play: async ({ business, rivera, maria }) => {
      await maria.press(card(maria.page).getByRole("button", { name: "Send now" }));
      await expect(card(maria.page)).toHaveCount(0);
      await isDelivered(maria, "The show is on Sunday");
      expect((await business.received(rivera.number)).filter((text) => text === "The show is on Sunday")).toHaveLength(1);
    },
  },
];

const later: Step[] = [
  {
    what: "Maria puts the conversation off until tomorrow: it has left Open",
    play: async ({ ada, maria }) => {
      const { page } = maria;
      await maria.openLater();
      await maria.press(page.getByRole("dialog", { name: "Put the conversation off" }).getByRole("button", { name: /^Tomorrow/ }));
      await ada.goTo("Messenger");
      await expect(tabs(ada.page).getByRole("link", { name: "Later 1" })).toBeVisible();
      await expect.poll(() => badges(ada.page)).toEqual({ red: 0, gray: 0 });
    },
  },
  {
    what: "She finds it under Later",
    play: async ({ maria }) => {
      await maria.seeList();
      await maria.press(tabs(maria.page).getByRole("link", { name: /^Later/ }));
      await expect(row(maria.page, "Rivera")).toContainText("Until");
    },
  },
  {
    what: "The Riveras write, which brings it back at once",
    play: async ({ business, rivera, maria, ada }) => {
      await maria.press(tabs(maria.page).getByRole("link", { name: /^All/ }));
      await business.text(rivera.number, "Thank you, see you there");
      for (const { page } of [maria, ada]) await expect(row(page, "Rivera")).toContainText("Reminder due");
      await expect(tabs(ada.page).getByRole("link", { name: "Later", exact: true })).toBeVisible();
    },
  },
  {
    what: "Maria closes it, takes that back, and closes it for good",
    play: async ({ maria, noah }) => {
      await maria.open(row(maria.page, "Rivera"));
      await expect(messages(maria.page).getByText("Thank you, see you there")).toBeVisible();
      await maria.close();
      await expect(thread(noah.page).getByRole("heading").first()).toContainText("closed");
      await maria.undo();
      await expect(thread(noah.page).getByRole("heading").first()).toContainText("open");
      await maria.close();
      await expect(thread(noah.page).getByRole("heading").first()).toContainText("closed");
    },
  },
];

export const MORNING = [...arrival, ...notes, ...assignment, ...savedReply, ...scheduled, ...later];
