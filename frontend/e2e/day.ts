/** A day at a front desk: its business, its three people with a screen each, its six families, and how its steps are played. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "@playwright/test";

import type { Business, FamilyOfTest } from "./business";
import type { Desk } from "./day-desks";
import { expect, expectAccessible, test } from "./support";

const PEOPLE = ["ada", "maria", "noah"] as const;
type Name = (typeof PEOPLE)[number];

/** Ada is the administrator, Maria reads and answers, Noah only reads. */
export interface Day extends Record<Name, Desk> {
  business: Business;
  rivera: FamilyOfTest;
  park: FamilyOfTest;
  okafor: FamilyOfTest;
  jones: FamilyOfTest;
  hall: FamilyOfTest;
  castillo: FamilyOfTest;
  /** What the browsers have told the console of errors. */
  errors: string[];
}

export interface Step {
  /** Who does what. */
  what: string;
  play: (day: Day) => Promise<void>;
  /** Whose screen is checked by axe after it, if it is not Maria’s. */
  axe?: Name;
}

interface Desks {
  browser: Browser;
  business: Business;
  seat: (page: Page) => Desk;
  options?: BrowserContextOptions;
  /** The options of a person's own browser. */
  own?: Partial<Record<Name, BrowserContextOptions>>;
}

/** Opens three browsers, nobody signed in. */
export async function openDay({ browser, business, seat, options = {}, own = {} }: Desks): Promise<Day> {
  await business.person("Noah Weber", ["sms_logs"]);
  const errors: string[] = [];
  const desk = async (name: Name) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options, ...own[name] });
    watch(context, name, errors);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto("/");
    return seat(page);
  };
  const families = {
    rivera: await business.family("Rivera"),
    park: await business.family("Park"),
    okafor: await business.family("Okafor"),
    jones: await business.family("Jones", "opted_out"),
    hall: await business.family("Hall"),
    // Her name is not the family's.
    castillo: await business.family("Castillo", "opted_in", undefined, "Carmen Vega"),
  };
  return { business, errors, ...families, ada: await desk("ada"), maria: await desk("maria"), noah: await desk("noah") };
}

/** Nobody is signed in yet: the application asks who it is, and the browser notes the answer as an error. */
const NOT_SIGNED_IN = /status of 401/;

function watch(context: BrowserContext, name: Name, errors: string[]): void {
  context.on("weberror", (error) => errors.push(`${name}: ${error.error().message}`));
  context.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    if (NOT_SIGNED_IN.test(message.text()) && url.endsWith("/api/v1/me")) return;
    errors.push(`${name}: ${message.text()} ${url}`);
  });
}

interface Playing {
  /** The number of the first step. */
  from?: number;
  isChecked?: boolean;
  /** Errors in the console that are no fault of the page. */
  excused?: RegExp;
}

export async function play(day: Day, steps: readonly Step[], { from = 1, isChecked = true, excused }: Playing = {}): Promise<void> {
  for (const [index, { what, play: act, axe = "maria" }] of steps.entries()) {
    await test.step(`${from + index}. ${what}`, () => act(day));
    if (isChecked) await test.step(`axe finds nothing on ${axe}’s screen`, () => expectAccessible(day[axe].page));
  }
  expect(day.errors.splice(0).filter((error) => !excused?.test(error)), "errors in the console").toEqual([]);
}

export async function endDay(day: Day): Promise<void> {
  for (const name of PEOPLE) await day[name].page.context().close();
}
