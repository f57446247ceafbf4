/** An afternoon at the demo's front desk: what its people add to the demo data before the pictures are taken. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type APIRequestContext } from "@playwright/test";

import { expect, PASSWORD, PEOPLE } from "../e2e/support";

const ORIGIN = `http://127.0.0.1:${process.env.E2E_PORT ?? ""}`;

export const SMITH = "+13125550101";
export const THOMPSON = "+13125550142";
export const GARCIA = "+13125550112";
const JOHNSON = "+13125550116";

interface Named {
  id: string;
  name: string;
}

/** Calls the API as one of the demo's people. */
export class Desk {
  constructor(private readonly api: APIRequestContext) {}

  async signIn(email: string): Promise<void> {
    await this.call("POST", "/session", { organization: "demo", email, password: PASSWORD });
  }

  async call<Answer = unknown>(method: "GET" | "POST" | "PUT" | "PATCH", path: string, data?: object): Promise<Answer> {
    const answer = await this.api.fetch(`/api/v1${path}`, { method, ...(data && { data }), headers: { origin: ORIGIN, ...(path.startsWith("/organization/") && { "if-match": "*" }) } });
    const text = await answer.text();
    expect(answer.status(), `${method} ${path}: ${text}`).toBeLessThan(300);
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  }

  /** The path of the conversation with a number. */
  async conversation(number: string): Promise<string> {
    const { items } = await this.call<{ items: { id: string }[] }>("GET", `/conversations?phone_number=${encodeURIComponent(number)}`);
    const [found] = items;
    if (!found) throw new Error(`The demo has no conversation with ${number}`);
    return `/conversations/${found.id}`;
  }

  async family(name: string): Promise<string> {
    return this.found("/families", name);
  }

  async colleague(name: string): Promise<string> {
    return this.found("/staff-members", name);
  }

  private async found(path: string, name: string): Promise<string> {
    const { items } = await this.call<{ items: Named[] }>("GET", `${path}?q=${encodeURIComponent(name)}`);
    const found = items.find((each) => each.name === name);
    if (!found) throw new Error(`The demo has no ${name}`);
    return found.id;
  }
}

/** Some days from now, at 9 am of the gym's clock. */
function nineOClock(days: number): string {
  const day = new Date(Date.now() + days * 86_400_000).toLocaleDateString("en-CA", { timeZone: "America/Chicago" });
  const winter = new Date(`${day}T15:00:00Z`);
  const hour = Number(winter.toLocaleTimeString("en-US", { timeZone: "America/Chicago", hour: "2-digit", hour12: false }));
  return new Date(winter.getTime() + (9 - hour) * 3_600_000).toISOString();
}

export async function fillAfternoon(api: APIRequestContext): Promise<void> {
  const desk = new Desk(api);
  await desk.signIn(PEOPLE.administrator);
  await desk.call("PUT", "/organization/links", { links: [{ label: "Class software", url_template: "https://classes.example/families/{family_id}" }] });
  const week = [{ opens: "09:00", closes: "20:30" }];
  await desk.call("PUT", "/organization/away", {
    enabled: true,
    body: "Thanks for your text! The front desk is closed now and answers in the morning.",
    hours: { monday: week, tuesday: week, wednesday: week, thursday: week, friday: week, saturday: [{ opens: "08:30", closes: "15:00" }] },
  });

  const maria = await desk.colleague("Maria Delgado");
  const ada = await desk.colleague("Ada Lindgren");
  await desk.signIn(PEOPLE.readsAndAnswers);
  const smith = await desk.conversation(SMITH);
  await desk.call("PUT", `${smith}/assignee`, { staff_member_id: maria });
  const thompson = await desk.conversation(THOMPSON);
  await desk.call("POST", `${thompson}/notes`, {
    body: "That is a telephone at home. I called Erin instead, she picks Lily up at five. @Ada Lindgren can we note a mobile for Dorothy?",
    mentions: [ada],
  });
  await desk.call("POST", `${thompson}/messages`, { body: "Hello Mrs. Thompson, Lily is well again. See you on Monday!", send_at: nineOClock(3) });
  await desk.call("PUT", `${await desk.conversation(JOHNSON)}/reminder`, { at: nineOClock(1), unless_answered: true });
  await writeMassTexts(desk);
  await addSandbox(desk);
  await addEndpoints(desk);
  await makeExports(desk, smith);
}

/** A line for trying things out. */
async function addSandbox(desk: Desk): Promise<void> {
  await desk.call("POST", "/lines", { provider: "sandbox", label: "Tests", phone_number: "+17855550190", kind: "long_code", country: "US", credentials: {} });
}

/** One that takes its test, and one that is off. */
async function addEndpoints(desk: Desk): Promise<void> {
  const receiver = createServer((_, response) => response.writeHead(204).end());
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
  const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const software = await desk.call<Named>("POST", "/webhook-endpoints", { url: `${address}/messenger/events`, description: "Class software" });
  const report = { url: `${address}/reports`, description: "Evening report", event_types: ["message.received", "message.sent"], enabled: false };
  await desk.call("POST", "/webhook-endpoints", report);
  await desk.call("POST", `/webhook-endpoints/${software.id}/test`);
  const delivered = async () => (await desk.call<{ items: { state: string }[] }>("GET", `/webhook-endpoints/${software.id}/deliveries`)).items[0]?.state;
  await expect.poll(delivered, { timeout: 30_000 }).toBe("delivered");
  receiver.close();
}

/** A conversation to be printed, and the texts of two weeks. */
async function makeExports(desk: Desk, conversation: string): Promise<void> {
  const from = new Date(Date.now() - 14 * 86_400_000).toISOString();
  await desk.call("POST", "/exports", { kind: "conversation", format: "html", conversation_id: conversation.replace("/conversations/", "") });
  const { id } = await desk.call<Named>("POST", "/exports", { kind: "range", format: "ndjson", from });
  await expect.poll(async () => (await desk.call<MassText>("GET", `/exports/${id}`)).state, { timeout: 60_000 }).toBe("done");
}

interface MassText {
  id: string;
  state: string;
}

/** One that went, one that leaves the day after tomorrow, and a draft. */
async function writeMassTexts(desk: Desk): Promise<void> {
  await desk.signIn(PEOPLE.administrator);
  const write = (name: string, body: string, more: object = {}) =>
    desk.call<MassText>("POST", "/broadcasts", { name, body, audience: { families: {} }, ...more });
  const pipe = await write("Burst pipe", "The gym is closed today: a pipe has burst. Make-up classes are free on Saturday. Sorry!");
  await desk.call("POST", `/broadcasts/${pipe.id}/send`, { any_hour_reason: "A pipe burst this morning" });
  const meet = await write("Meet moved", "Saturday’s meet starts at 4 pm, not at 3. Warm-up is at 3:30.", { send_at: nineOClock(2) });
  await desk.call("POST", `/broadcasts/${meet.id}/send`, {});
  await write(MASS_TEXT, "Hi {first_name}! Photos of the showcase are at the front desk until Friday. Take yours home for free.", { fallbacks: { first_name: "there" } });
  await expect.poll(async () => (await desk.call<MassText>("GET", `/broadcasts/${pipe.id}`)).state, { timeout: 120_000 }).toBe("sent");
}

export const MASS_TEXT = "Showcase photos";
