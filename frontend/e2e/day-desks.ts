/** How somebody works the screen of the front desk: with a mouse, with a finger on a phone, or with the keyboard alone. */
import type { Locator, Page } from "@playwright/test";

import { composer, conversations, details, expect } from "./support";

export const thread = (page: Page) => page.getByRole("region", { name: "Conversation", exact: true });
export const row = (page: Page, family: string) => conversations(page).getByRole("link", { name: new RegExp(`${family} family`) });
const rail = (page: Page) => page.getByRole("navigation", { name: "Main" });

/** What a person does, in the words of the steps. Each kind of desk does it in its own way. */
export abstract class Desk {
  constructor(readonly page: Page) {}

  /** A button or a link. */
  abstract press(control: Locator): Promise<void>;
  /** Puts words in place of what a box holds. */
  abstract write(box: Locator, words: string): Promise<void>;
  /** A radio button or a checkbox. */
  abstract tick(mark: Locator): Promise<void>;
  /** An option of a select box, by its label. */
  abstract choose(list: Locator, label: string): Promise<void>;
  /** An option that a combobox has found. */
  abstract pick(option: Locator): Promise<void>;
  abstract pickFromMenu(item: Locator): Promise<void>;
  /** Opens the conversation of a row. */
  abstract open(row: Locator): Promise<void>;
  /** Selects rows of the list for an act on them all. */
  abstract select(rows: Locator[]): Promise<void>;
  /** Writes an answer without sending it. */
  abstract draft(words: string): Promise<void>;
  /** Sends what stands in the composer. */
  abstract send(): Promise<void>;
  abstract openSavedReplies(): Promise<void>;
  abstract openSendLater(): Promise<void>;
  abstract openNote(): Promise<void>;
  /** Adds the note that has been written. */
  abstract addNote(): Promise<void>;
  abstract take(): Promise<void>;
  abstract openAssign(): Promise<void>;
  abstract release(): Promise<void>;
  abstract openLater(): Promise<void>;
  abstract close(): Promise<void>;
  abstract undo(): Promise<void>;
  abstract startConversation(): Promise<void>;
  abstract search(words: string): Promise<void>;

  /** Only a phone has to go back to see the list beside an open conversation. */
  async seeList(): Promise<void> {
    await Promise.resolve();
  }

  /** Looks at the details of the open conversation. */
  async lookAtDetails(look: (pane: Locator) => Promise<void>): Promise<void> {
    await look(details(this.page));
  }

  async goTo(place: "Families" | "Staff" | "Messenger"): Promise<void> {
    await this.seeList();
    await this.press(rail(this.page).getByRole("link", { name: new RegExp(`^${place}`) }));
  }

  async goToAccountMenu(item: string): Promise<void> {
    await this.seeList();
    await this.press(this.page.getByRole("button", { name: /^Account/ }));
    await this.pickFromMenu(this.page.getByRole("menuitem", { name: item, exact: true }));
  }

  async answer(words: string): Promise<void> {
    await this.draft(words);
    await this.send();
  }
}

export class MouseDesk extends Desk {
  async press(control: Locator): Promise<void> {
    await control.click();
  }

  async write(box: Locator, words: string): Promise<void> {
    await this.press(box);
    await box.fill(words);
  }

  async tick(mark: Locator): Promise<void> {
    // The label of the whole row takes the click.
    await mark.check({ force: true });
  }

  async choose(list: Locator, label: string): Promise<void> {
    await list.selectOption({ label });
  }

  async pick(option: Locator): Promise<void> {
    await this.press(option);
  }

  async pickFromMenu(item: Locator): Promise<void> {
    await this.press(item);
  }

  async open(of: Locator): Promise<void> {
    await this.seeList();
    await this.press(of);
  }

  async select(rows: Locator[]): Promise<void> {
    for (const each of rows) {
      await each.hover();
      await each.locator("xpath=..").getByRole("checkbox").check();
    }
  }

  async draft(words: string): Promise<void> {
    const text = this.page.getByRole("tab", { name: /^Text/ });
    if ((await text.getAttribute("aria-selected")) === "false") await this.press(text);
    await this.write(composer(this.page), words);
  }

  async send(): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "Send", exact: true }));
  }

  async openSavedReplies(): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "Saved replies" }));
  }

  async openSendLater(): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "Send later" }));
  }

  async openNote(): Promise<void> {
    await this.press(this.page.getByRole("tab", { name: /^Note/ }));
  }

  async addNote(): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "Add note" }));
  }

  async take(): Promise<void> {
    await this.openAssign();
    await this.pick(this.page.getByRole("option", { name: /You$/ }));
  }

  async openAssign(): Promise<void> {
    await this.press(thread(this.page).getByRole("button", { name: /^Assign/ }));
  }

  async release(): Promise<void> {
    await this.openAssign();
    await this.press(this.page.getByRole("button", { name: /^Release/ }));
  }

  async openLater(): Promise<void> {
    await this.press(thread(this.page).getByRole("button", { name: "Later", exact: true }));
  }

  async close(): Promise<void> {
    await this.press(thread(this.page).getByRole("button", { name: /^Close/ }));
  }

  async undo(): Promise<void> {
    await this.press(this.page.getByRole("button", { name: /^Undo/ }));
  }

  async startConversation(): Promise<void> {
    await this.seeList();
    await this.press(this.page.getByRole("button", { name: "New conversation" }));
  }

  async search(words: string): Promise<void> {
    await this.seeList();
    await this.write(this.page.getByRole("searchbox", { name: "Search messages" }), words);
  }
}

/** A phone: fingers, one thing on the screen at a time, Return makes a new line. */
export class PhoneDesk extends MouseDesk {
  override async press(control: Locator): Promise<void> {
    await control.tap();
  }

  override async tick(mark: Locator): Promise<void> {
    await mark.tap({ force: true });
  }

  override async seeList(): Promise<void> {
    const back = this.page.getByRole("button", { name: /^Back to the list/ });
    if (await back.isVisible()) await this.press(back);
  }

  override async lookAtDetails(look: (pane: Locator) => Promise<void>): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "Details" }));
    const sheet = this.page.getByRole("dialog", { name: "Details" });
    await look(sheet);
    await this.press(sheet.getByRole("button", { name: "Close this window" }));
    await expect(sheet).toBeHidden();
  }

  override async select(rows: Locator[]): Promise<void> {
    const [first, ...others] = rows;
    if (first) await this.holdDown(first);
    for (const each of others) await this.press(each);
  }

  /** Rests a finger on a row until it is selected. */
  private async holdDown(on: Locator): Promise<void> {
    const box = await on.boundingBox();
    if (!box) throw new Error("It is not on the screen.");
    const cdp = await this.page.context().newCDPSession(this.page);
    const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
    await cdp.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
    await expect(this.page.getByRole("toolbar", { name: "Selected conversations" })).toBeVisible();
    await cdp.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await cdp.detach();
  }

  override async take(): Promise<void> {
    await this.fromMenu("Assign to me");
  }

  override async openAssign(): Promise<void> {
    await this.fromMenu("Assign to a colleague");
  }

  override async release(): Promise<void> {
    await this.fromMenu("Release");
  }

  override async openLater(): Promise<void> {
    await this.fromMenu("Later");
  }

  private async fromMenu(item: string): Promise<void> {
    await this.press(this.page.getByRole("button", { name: "More" }));
    await this.press(this.page.getByRole("dialog", { name: "More" }).getByRole("button", { name: new RegExp(`^${item}`) }));
  }
}

/** More Tabs than anybody would press. */
const MOST_TABS = 60;

/** Nothing but `page.keyboard`: the pointer never moves. */
export class KeyboardDesk extends Desk {
  async press(control: Locator): Promise<void> {
    await this.reach(control);
    await this.page.keyboard.press("Enter");
  }

  async write(box: Locator, words: string): Promise<void> {
    await this.reach(box);
    await this.page.keyboard.press("Control+a");
    if (words === "") await this.page.keyboard.press("Delete");
    else await this.page.keyboard.type(words);
  }

  async tick(mark: Locator): Promise<void> {
    await this.reach(mark);
    // Tab reaches one radio button of a group, the arrows go to the others.
    for (let arrows = 0; arrows < 10 && !(await hasFocus(mark)); arrows++) await this.page.keyboard.press("ArrowDown");
    if (!(await mark.isChecked())) await this.page.keyboard.press("Space");
    await expect(mark).toBeChecked();
  }

  async choose(list: Locator, label: string): Promise<void> {
    await this.reach(list);
    await this.page.keyboard.type(label);
    await expect(list.locator("option:checked")).toHaveText(label);
  }

  async pick(option: Locator): Promise<void> {
    await expect(option).toBeVisible();
    for (let arrows = 0; arrows < 10 && (await option.getAttribute("aria-selected")) !== "true"; arrows++) await this.page.keyboard.press("ArrowDown");
    await this.page.keyboard.press("Enter");
  }

  async pickFromMenu(item: Locator): Promise<void> {
    await expect(item).toBeVisible();
    while (!(await hasFocus(item))) {
      // A menu moves the focus a task after the key: a second press before it would go too far.
      const had = await this.page.evaluateHandle(() => document.activeElement);
      await this.page.keyboard.press("ArrowDown");
      await this.page.waitForFunction((before) => document.activeElement !== before, had, { timeout: 5_000 });
    }
    await this.page.keyboard.press("Enter");
  }

  async open(of: Locator): Promise<void> {
    await this.walkTo(of);
    await this.page.keyboard.press("Enter");
  }

  async select(rows: Locator[]): Promise<void> {
    for (const each of rows) {
      await this.walkTo(each);
      await this.page.keyboard.press("x");
    }
  }

  async draft(words: string): Promise<void> {
    const box = composer(this.page);
    const isAt = await this.page.evaluate(() => document.activeElement?.getAttribute("aria-label") === "Message");
    if (!isAt) await this.key("r");
    await expect(box).toBeFocused();
    await this.write(box, words);
  }

  async send(): Promise<void> {
    await expect(this.page.getByRole("button", { name: "Send", exact: true })).toBeEnabled();
    await this.page.keyboard.press("Enter");
  }

  async openSavedReplies(): Promise<void> {
    await this.draft("");
    await this.page.keyboard.press("/");
  }

  async openSendLater(): Promise<void> {
    await expect(this.page.getByRole("button", { name: "Send later" })).toBeEnabled();
    await this.page.keyboard.press("Control+Shift+Enter");
  }

  async openNote(): Promise<void> {
    await this.key("i");
  }

  async addNote(): Promise<void> {
    await this.page.keyboard.press("Enter");
  }

  async take(): Promise<void> {
    await this.key("m");
  }

  async openAssign(): Promise<void> {
    await this.key("a");
  }

  async release(): Promise<void> {
    await this.key("a");
    await this.press(this.page.getByRole("button", { name: /^Release/ }));
  }

  async openLater(): Promise<void> {
    await this.key("l");
  }

  async close(): Promise<void> {
    await expect(thread(this.page).getByRole("button", { name: /^Close/ })).toBeEnabled();
    await this.key("e");
  }

  async undo(): Promise<void> {
    await expect(this.page.getByRole("button", { name: /^Undo/ })).toBeVisible();
    await this.key("z");
  }

  async startConversation(): Promise<void> {
    await this.key("n");
  }

  async search(words: string): Promise<void> {
    await this.key("/");
    await this.write(this.page.getByRole("searchbox", { name: "Search messages" }), words);
  }

  /** A key that acts in the list. */
  private async key(name: string): Promise<void> {
    await this.toList();
    await this.page.keyboard.press(name);
  }

  /** Puts the focus into the list: Escape from a conversation, Tab from anywhere else. */
  private async toList(): Promise<void> {
    const place = await this.page.evaluate(() => {
      const at = document.activeElement;
      if (at === null || at === document.body) return document.querySelector("[data-shortcuts=thread]") ? "thread" : "list";
      return at.matches("input, select, textarea") && !at.closest("[data-shortcuts=thread]") ? "elsewhere" : at.closest<HTMLElement>("[data-shortcuts]")?.dataset.shortcuts;
    });
    if (place === "list") return;
    if (place === "thread") {
      await this.page.keyboard.press("Escape");
      await expect.poll(() => this.page.evaluate(() => document.activeElement?.closest("[data-shortcuts=list]") !== null)).toBe(true);
    } else {
      await this.reach(conversations(this.page).getByRole("link").first());
    }
  }

  /** Walks the list with j and k; the results of a search with Tab. */
  private async walkTo(of: Locator): Promise<void> {
    await expect(of).toBeVisible();
    if (await this.page.evaluate(() => document.activeElement?.matches("input[type=search]"))) return this.reach(of);
    await this.toList();
    for (let keys = 0; keys < 20 && !(await hasFocus(of)); keys++) {
      const isAbove = await of.evaluate((link) => {
        const at = document.activeElement?.closest("[data-index]") ?? document.querySelector("[data-index]:has(a[aria-current])");
        return at !== null && Boolean(at.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_PRECEDING);
      });
      await this.page.keyboard.press(isAbove ? "k" : "j");
    }
    await expect(of).toBeFocused();
  }

  /** Tab, or Shift+Tab, until the control has the focus; for a radio button, until one of its group has. */
  private async reach(control: Locator): Promise<void> {
    await expect(control).toBeVisible();
    if (await leavesThread(control)) await this.page.keyboard.press("Escape");
    const isBefore = await control.evaluate((element) => Boolean(document.activeElement && document.activeElement.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING));
    for (let tabs = 0; tabs < MOST_TABS; tabs++) {
      if (await hasFocus(control, { orItsGroup: true })) return;
      await this.page.keyboard.press(isBefore ? "Shift+Tab" : "Tab");
    }
    throw new Error(`${MOST_TABS} Tabs do not reach ${control.toString()}.`);
  }
}

async function hasFocus(control: Locator, { orItsGroup = false } = {}): Promise<boolean> {
  return control.evaluate((element, group) => {
    const at = document.activeElement;
    const isOfGroup = at instanceof HTMLInputElement && element instanceof HTMLInputElement && at.type === "radio" && at.name === element.name;
    return at === element || (group && isOfGroup);
  }, orItsGroup);
}

/** The focus is in a conversation, and the control is not: Escape is the short way out. */
async function leavesThread(control: Locator): Promise<boolean> {
  return control.evaluate((element) => {
    const from = document.activeElement?.closest("[data-shortcuts=thread]");
    return from !== null && from !== undefined && !from.contains(element) && element.closest("[role=dialog], [role=menu], aside") === null;
  });
}
