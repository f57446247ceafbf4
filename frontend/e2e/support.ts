/** What the browser tests share: people to sign in as, the Messenger's badges, the handsets of the carrier simulator. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type APIRequestContext, type BrowserContext, type Cookie, type Page } from "@playwright/test";

export const PASSWORD = "gymnastics-demo";
const ORIGIN = `http://127.0.0.1:${process.env.E2E_PORT ?? ""}`;
export const SIMULATOR = `http://127.0.0.1:${process.env.E2E_SIMULATOR_PORT ?? ""}/`;

/** The demo gym's sign-ins, by what they may do. */
export const PEOPLE = {
  administrator: "ada@demo.test",
  readsAndAnswers: "maria@demo.test",
  onlyReads: "daniel@demo.test",
  neither: "noah@demo.test",
} as const;

/** Fails a test whose page threw an error or was stopped by the Content-Security-Policy, whatever else it proved. */
export const test = base.extend<{ noPageErrors: undefined }>({
  noPageErrors: [
    async ({ context }, use) => {
      const errors: string[] = [];
      context.on("weberror", (error) => errors.push(error.error().message));
      context.on("console", (message) => {
        if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) errors.push(message.text());
      });
      await use(undefined);
      expect(errors, "errors of the page").toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

interface Credentials {
  organization: string;
  email: string;
  password: string;
}

/** Reads a path of the API. The service may close a kept connection just as the test uses it again. */
export const get = (api: APIRequestContext, path: string) => api.get(path, { maxRetries: 3 });

export async function signInWithoutForm(api: APIRequestContext, data: Credentials): Promise<void> {
  const answer = await api.post("/api/v1/session", { data, headers: { origin: ORIGIN } });
  expect(answer.status(), await answer.text()).toBeLessThan(300);
}

/** The sessions of the demo gym's people, while they last: to check a password takes long on a busy machine. */
const sessions = new Map<string, Cookie[]>();

/** Signs in a person of the demo gym, without the form. */
export async function signIn(page: Page, email: string, to = "/"): Promise<void> {
  const context = page.context();
  await context.clearCookies({ name: "messenger_session" });
  await context.addCookies(sessions.get(email) ?? []);
  if ((await get(page.request, "/api/v1/me")).status() === 401) {
    await signInWithoutForm(page.request, { organization: "demo", email, password: PASSWORD });
    sessions.set(email, await context.cookies());
  }
  await page.goto(to);
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

/** The same, as a person does it: a session of its own. */
export async function signInByForm(page: Page, email: string, to = "/"): Promise<void> {
  await page.goto(to);
  await page.getByRole("textbox", { name: "Organization" }).fill("demo");
  await page.getByRole("textbox", { name: "Email" }).fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

export const messengerIcon = (page: Page) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Messenger/ });

/** What the two badges say. */
export async function badges(page: Page): Promise<{ red: number; gray: number }> {
  const name = (await messengerIcon(page).locator(".sr-only").textContent()) ?? "";
  return { red: Number(/(\d+) unread/.exec(name)?.[1] ?? 0), gray: Number(/(\d+) open/.exec(name)?.[1] ?? 0) };
}

export const conversations = (page: Page) => page.getByRole("list", { name: "Conversations" });
export const messages = (page: Page) => page.getByRole("log", { name: "Messages" });
export const composer = (page: Page) => page.getByRole("textbox", { name: "Message" });

/** WCAG 2.2 AA, and nothing that is wider than the window. */
export async function expectAccessible(page: Page): Promise<void> {
  // Fading in has a moment of low contrast.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.target.join(" ")) }))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
}

/** Finds a family on the Families page and opens its record. */
export async function openFamily(page: Page, name: string): Promise<void> {
  await page.getByRole("searchbox", { name: "Search name or number" }).fill(name);
  // The row moves when the others go.
  const rows = page.getByRole("list", { name: "Families" }).getByRole("listitem");
  await expect(rows.filter({ hasText: name }).first()).toBeVisible();
  await expect(rows.filter({ hasNotText: name })).toHaveCount(0);
  await page.getByRole("link", { name: new RegExp(`${name} family`) }).click();
  await expect(page.getByRole("heading", { name: new RegExp(`${name} family`) })).toBeVisible();
}

/** A parent's telephone, on the simulator's page. */
export class Handset {
  private constructor(
    readonly page: Page,
    private readonly name: string,
  ) {}

  static async open(context: BrowserContext, name: string): Promise<Handset> {
    const page = await context.newPage();
    await page.goto(SIMULATOR);
    await page.getByRole("searchbox", { name: "Search handsets" }).fill(name);
    await page.getByRole("list", { name: "All handsets" }).getByRole("button", { name: new RegExp(`^${name}`) }).click();
    return new Handset(page, name);
  }

  private get phone() {
    return this.page.getByRole("region", { name: this.name });
  }

  get texts() {
    return this.phone.getByRole("log", { name: "Texts" });
  }

  async text(words: string): Promise<void> {
    await this.phone.getByRole("textbox", { name: "Text message" }).fill(words);
    await this.phone.getByRole("textbox", { name: "Text message" }).press("Enter");
  }

  /** Sends a picture without words. */
  async picture(file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    const chooser = this.page.waitForEvent("filechooser");
    await this.phone.getByRole("button", { name: "Add a picture" }).click();
    await (await chooser).setFiles(file);
    await this.phone.getByRole("button", { name: "Send" }).click();
  }
}

/** The details pane beside a thread. */
export const details = (page: Page) => page.getByRole("complementary", { name: "Details" });

/** The card of a family or staff member that has the number, within the details. */
export const holder = (page: Page, name: string) =>
  details(page).getByRole("listitem").filter({ has: page.getByRole("button", { name: new RegExp(`^Change opt-in of .*${name}`) }) });

/** Opens the thread with a number, whether or not it may be texted. An integration may start one without a text, as here. */
export async function openThread(page: Page, number: string): Promise<void> {
  const known = await get(page.request, `/api/v1/conversations?phone_number=${encodeURIComponent(number)}`);
  let [conversation] = ((await known.json()) as { items: { id: string }[] }).items;
  if (!conversation) {
    const started = await page.request.post("/api/v1/conversations", { data: { phone_number: number }, headers: { Origin: new URL(page.url()).origin } });
    expect(started.status()).toBe(201);
    conversation = (await started.json()) as { id: string };
  }
  await page.goto(`/messenger/${conversation.id}`);
  await expect(messages(page)).toBeVisible();
}

/** Changes the opt-in of the record of `owner` that is on screen, as told by the person. */
export async function changeOptIn(page: Page, owner: string, state: "Opted in" | "Opted out"): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^Change opt-in of .*${owner}`) }).click();
  const dialog = page.getByRole("dialog", { name: "Change opt-in" });
  await dialog.getByRole("radio", { name: state }).check({ force: true }); // The label of the whole row takes the click.
  await dialog.getByRole("radio", { name: "They told us" }).check({ force: true }); // The label of the whole row takes the click.
  await dialog.getByRole("textbox", { name: "Wording" }).fill("On the telephone");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
}
