/** The pictures: each screen of the list, light and dark, at a desk and on a phone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { request, type APIRequestContext, type Page } from "@playwright/test";

import { Desk, GARCIA, MASS_TEXT, SMITH, THOMPSON } from "./afternoon";
import { composer, conversations, expect, messages, PEOPLE, test } from "../e2e/support";

const RAW = "../.cache/screens";
const EMOJI = "../scripts/screens/node_modules/@fontsource/noto-emoji";
const EMOJI_STYLE = `${readFileSync(join(EMOJI, "index.css"), "utf8").replaceAll("./files/", "/emoji-of-the-pictures/")}
  html { font-family: "Inter Variable", "Noto Emoji", sans-serif; }`;

type StorageState = Awaited<ReturnType<APIRequestContext["storageState"]>>;

interface Screen {
  name: string;
  /** Who is signed in; nobody without it. */
  as?: string;
  /** Opens it. Returns once all of it is there. */
  open: (at: Visit) => Promise<void>;
}

interface Visit {
  page: Page;
  desk: Desk;
  isPhone: boolean;
  go: (path: string) => Promise<void>;
}

const front = PEOPLE.readsAndAnswers;
const administrator = PEOPLE.administrator;
const heading = (page: Page, name: string | RegExp) => expect(page.getByRole("heading", { name }).first()).toBeVisible();

async function openThread({ desk, page, go }: Visit, number: string): Promise<void> {
  await go(`/messenger${(await desk.conversation(number)).replace("/conversations", "")}`);
  await expect(messages(page).getByRole("article").first()).toBeVisible();
  await expect.poll(() => page.getByRole("button", { name: "Details" }).or(page.getByRole("heading", { name: "What happened" })).count()).toBeGreaterThan(0);
}

async function openMassText({ page, go }: Visit, name: string, word: RegExp): Promise<void> {
  await go("/mass-texts");
  await page.getByRole("link", { name: new RegExp(name) }).click();
  await expect(page.getByText(word).first()).toBeVisible();
}

/** Nothing has changed on the page for a moment. */
const settled = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<void>((done) => {
        let timer = setTimeout(done, 400);
        new MutationObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(done, 400);
        }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      }),
  );

const administration = (tab: string, word: string | RegExp): Screen => ({
  name: `administration-${tab}`,
  as: administrator,
  open: async ({ page, go }) => {
    await go(`/administration${tab === "staff" ? "" : `?tab=${tab}`}`);
    await expect(page.getByText(word).first()).toBeVisible();
  },
});

const SCREENS: Screen[] = [
  { name: "sign-in", open: async ({ page, go }) => (await go("/sign-in"), expect(page.getByRole("button", { name: "Sign in" })).toBeVisible()) },
  {
    name: "inbox",
    as: front,
    open: async ({ page, go }) => (await go("/messenger"), expect(conversations(page).getByRole("listitem").first()).toBeVisible()),
  },
  {
    name: "thread",
    as: front,
    open: async (visit) => {
      await openThread(visit, SMITH);
      await composer(visit.page).fill("He can bring his sister along if she'd like to try it.");
    },
  },
  { name: "thread-notes", as: front, open: (visit) => openThread(visit, THOMPSON) },
  {
    name: "thread-blocked",
    as: front,
    open: async (visit) => {
      await openThread(visit, GARCIA);
      await expect(visit.page.getByRole("note", { name: "Why you can't send" })).toBeVisible();
    },
  },
  {
    name: "details",
    as: front,
    open: async (visit) => {
      await openThread(visit, GARCIA);
      if (visit.isPhone) await visit.page.getByRole("button", { name: "Details" }).first().click();
      await heading(visit.page, "What happened");
    },
  },
  {
    name: "search",
    as: front,
    open: async ({ page, go }) => (await go("/messenger?q=showcase"), expect(page.getByRole("list", { name: /found|results/i }).getByRole("listitem").first()).toBeVisible()),
  },
  {
    name: "new-conversation",
    as: front,
    open: async ({ page, go }) => {
      await go("/messenger");
      await page.getByRole("button", { name: "New conversation" }).click();
      await page.getByRole("dialog").getByRole("combobox").first().fill("garcia");
      await expect(page.getByRole("option").first()).toBeVisible();
    },
  },
  {
    name: "later",
    as: front,
    open: async ({ page, go }) => (await go("/messenger?later=true"), expect(conversations(page).getByRole("listitem").first()).toBeVisible()),
  },
  { name: "families", as: front, open: async ({ page, go }) => (await go("/families"), expect(page.getByRole("list", { name: "Families" }).getByRole("listitem").first()).toBeVisible()) },
  {
    name: "family",
    as: front,
    open: async ({ page, desk, go }) => (await go(`/families/${await desk.family("Smith family")}`), heading(page, "Smith family")),
  },
  {
    name: "family-communication",
    as: front,
    open: async ({ page, desk, go, isPhone }) => {
      const conversation = (await desk.conversation(SMITH)).replace("/conversations/", "");
      await go(`/families/${await desk.family("Smith family")}?tab=communication${isPhone ? "" : `&conversation=${conversation}`}`);
      await expect(page.getByRole("region", { name: "SMS", exact: true })).toBeVisible();
      if (!isPhone) await expect(messages(page).getByRole("article").first()).toBeVisible();
    },
  },
  { name: "classes", as: front, open: async ({ page, go }) => (await go("/classes"), expect(page.getByRole("listitem").getByRole("link", { name: /students?/ }).first()).toBeVisible()) },
  { name: "staff", as: front, open: async ({ page, go }) => (await go("/staff"), expect(page.getByRole("list", { name: "Staff" }).getByRole("listitem").first()).toBeVisible()) },
  { name: "mass-texts", as: front, open: async ({ page, go }) => (await go("/mass-texts"), expect(page.getByRole("link", { name: /Burst pipe/ })).toBeVisible()) },
  { name: "mass-text", as: front, open: (visit) => openMassText(visit, MASS_TEXT, /numbers get it$/) },
  {
    name: "mass-text-confirm",
    as: front,
    open: async (visit) => {
      await openMassText(visit, MASS_TEXT, /numbers get it$/);
      await visit.page.getByRole("button", { name: "Review and send…" }).click();
      await expect(visit.page.getByRole("button", { name: /^Send to/ })).toBeVisible();
    },
  },
  { name: "mass-text-report", as: front, open: (visit) => openMassText(visit, "Burst pipe", /^It went to/) },
  {
    name: "saved-replies",
    as: front,
    open: async ({ page, go }) => (await go("/saved-replies"), expect(page.getByText("Make-up class").first()).toBeVisible()),
  },
  { name: "account", as: front, open: async ({ page, go }) => (await go("/account"), heading(page, "Account")) },
  {
    name: "shortcuts",
    as: front,
    open: async ({ page, go }) => {
      await go("/messenger");
      await expect(conversations(page).getByRole("listitem").first()).toBeVisible();
      await page.keyboard.press("?");
      await heading(page, "Keyboard shortcuts");
    },
  },
  administration("staff", "Daniel Kim"),
  administration("organization", /Opening hours/),
  administration("lines", "Aotearoa short code"),
  administration("api-keys", /portal/i),
  administration("webhooks", "Class software"),
  administration("audit-log", /sent a text/),
  administration("quarantine", /quarantined/i),
  administration("links", "Class software"),
  administration("exports", "Download"),
  administration("service", /Outbox|Texts/),
];

const sessions = new Map<string, StorageState>();

/** Signs each person in once: the audit log is about their work. */
async function signedIn(email: string): Promise<StorageState> {
  const known = sessions.get(email);
  if (known) return known;
  const api = await request.newContext({ baseURL: `http://127.0.0.1:${process.env.E2E_PORT ?? ""}` });
  await new Desk(api).signIn(email);
  const state = await api.storageState();
  sessions.set(email, state);
  await api.dispose();
  return state;
}

const SIZES = { desk: { viewport: { width: 1440, height: 900 } }, phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } };
const chosen = process.env.SCREENS?.split(",");

for (const [size, options] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${size}, ${colorScheme}`, async ({ browser }) => {
      const missing: string[] = [];
      for (const { name, as, open } of SCREENS) {
        if (chosen && !chosen.includes(name)) continue;
        const context = await browser.newContext({ ...(as && { storageState: await signedIn(as) }), ...options, colorScheme, bypassCSP: true, reducedMotion: "reduce", serviceWorkers: "block" });
        await context.route("**/emoji-of-the-pictures/*", (route) => route.fulfill({ path: join(EMOJI, "files", new URL(route.request().url()).pathname.split("/").at(-1) ?? "") }));
        const page = await context.newPage();
        const desk = new Desk(page.request);
        const go = async (path: string) => {
          await page.goto(path);
          await page.addStyleTag({ content: EMOJI_STYLE });
        };
        await test.step(name, () => open({ page, desk, isPhone: size === "phone", go })).catch((error: unknown) => missing.push(`${name}: ${String(error)}`));
        await expect.soft(page.locator(".skeleton, .animate-spin"), name).toHaveCount(0);
        await settled(page);
        await page.evaluate(() => document.fonts.ready.then(() => undefined));
        await page.screenshot({ path: join(RAW, `${name}-${size}-${colorScheme}.png`), animations: "disabled" });
        await context.close();
      }
      expect(missing, "the other screens are there").toEqual([]);
    });
  }
}
