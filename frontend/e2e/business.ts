/**
 * A business of its own for a test: a line at the carrier simulator, an administrator, two people of the front desk. It needs no
 * test before it, and no test after it sees anything of it.
 */
import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { promisify } from "node:util";

import type { APIRequestContext, Page, PlaywrightWorkerArgs } from "@playwright/test";

import { Businesses, type MadeBusiness } from "./businesses";
import { expect, PASSWORD, signInWithoutForm, SIMULATOR, test as base } from "./support";

const ORIGIN = `http://127.0.0.1:${process.env.E2E_PORT ?? ""}`;

type Permission = "sms_logs" | "mass_text" | "directory";
type OptInState = "opted_in" | "opted_out" | "unknown";

const cookieOf = (token: string) => ({
  name: "messenger_session", value: token, domain: "127.0.0.1", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Lax" as const,
});

/** A possible number of Chicago that no other test uses. */
function aNumber(): string {
  return `+1773${randomInt(200, 999)}${String(randomInt(0, 9_999)).padStart(4, "0")}`;
}

const SURNAMES = ["Rivera", "Okafor", "Ito", "Castillo", "Novak", "Haddad", "Moreno"];

export interface FamilyOfTest {
  id: string;
  name: string;
  number: string;
}

interface LineOfTest {
  label: string;
  phone_number: string;
  kind: "long_code" | "short_code";
  country: string;
}

export class Business {
  /** As the line of another business: one number of the network each. */
  readonly line = aNumber();

  private constructor(
    private readonly made: MadeBusiness,
    private readonly api: APIRequestContext,
  ) {}

  /** With the administrator Ada, and Maria and Daniel of the front desk, who read and send. */
  static async create(playwright: PlaywrightWorkerArgs["playwright"], made: MadeBusiness): Promise<Business> {
    const ada = { cookies: [cookieOf(made.tokens.ada ?? "")], origins: [] };
    const business = new Business(made, await playwright.request.newContext({ baseURL: ORIGIN, storageState: ada }));
    await business.addLine();
    return business;
  }

  get slug(): string {
    return this.made.slug;
  }

  async dispose(): Promise<void> {
    await this.api.dispose();
  }

  email(name: string): string {
    return `${name}@${this.slug}.test`;
  }

  private async post<Answer>(path: string, data: object): Promise<Answer> {
    const answer = await this.api.post(`/api/v1${path}`, { data, headers: { origin: ORIGIN } });
    expect(answer.status(), `POST ${path}: ${await answer.text()}`).toBeLessThan(300);
    return (await answer.json()) as Answer;
  }

  /** Signs in by the first name of somebody, without the form. */
  async signIn(page: Page, name: string, to = "/messenger"): Promise<void> {
    const token = this.made.tokens[name];
    if (token) await page.context().addCookies([cookieOf(token)]);
    else await signInWithoutForm(page.request, { organization: this.slug, email: this.email(name), password: PASSWORD });
    await page.goto(to);
    await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  }

  async person(name: string, permissions: Permission[]): Promise<void> {
    const first = (name.split(" ")[0] ?? name).toLowerCase();
    await this.post("/staff-members", { name, email: this.email(first), password: PASSWORD, permissions });
  }

  /** A line of the network: the business's own number unless another is named. */
  async addLine({ label = "Front desk", phone_number = this.line, kind = "long_code", country = "US" }: Partial<LineOfTest> = {}): Promise<void> {
    const account = `account-${this.slug}`;
    const token = "token of the account";
    const credentials = { account_sid: account, auth_token: token };
    const { webhook_urls } = await this.post<{ webhook_urls: { inbound: string; status: string } }>("/lines", {
      label, phone_number, kind, country, provider: "simulator", credentials,
    });
    await this.atCarrier("PUT", `accounts/${account}`, { auth_token: token });
    const line = { account_sid: account, label, kind, country, inbound_url: webhook_urls.inbound, status_url: webhook_urls.status };
    await this.atCarrier("PUT", `lines/${encodeURIComponent(phone_number)}`, line);
  }

  /** A class with families of one child each: those that get a text, some that opted out, and some without a number. */
  async classWithFamilies(name: string, { texted, optedOut, withoutNumber }: Record<"texted" | "optedOut" | "withoutNumber", number>): Promise<FamilyOfTest[]> {
    const first = randomInt(2_000_000, 8_000_000);
    const families = Array.from({ length: texted + optedOut + withoutNumber }, (_, index) => ({
      id: `${this.slug}-${index}`, name: `${SURNAMES[index % SURNAMES.length] ?? ""} family ${index + 1}`, number: `+1773${first + index}`,
    }));
    const rows = families.map((family, index) => ({
      kind: "family", external_id: family.id, name: family.name,
      contacts: [
        {
          name: `Rosa ${family.name.replace(" family", "")}`,
          phone_records: index < texted + optedOut ? [{ phone_number: family.number, opt_in: { state: index < texted ? "opted_in" : "opted_out", source: "portal" } }] : [],
        },
      ],
      students: [{ name: `Mia ${family.name}`, classes: [{ name, weekdays: ["tuesday"], time: "17:30" }] }],
    }));
    await this.post("/directory/import", { rows });
    return families.slice(0, texted);
  }

  /** How many texts a second the business's own number sends. */
  async setPace(messages_per_second: number): Promise<void> {
    await this.changeLine({ messages_per_second });
  }

  /** Has the business's own number text these countries. */
  async textCountries(...countries: string[]): Promise<void> {
    await this.changeLine({ countries });
  }

  private async changeLine(settings: object): Promise<void> {
    const { items } = (await (await this.api.get("/api/v1/lines")).json()) as { items: { id: string; phone_number: string }[] };
    const id = items.find(({ phone_number }) => phone_number === this.line)?.id ?? "";
    const answer = await this.api.patch(`/api/v1/lines/${id}`, { data: { settings }, headers: { origin: ORIGIN } });
    expect(answer.ok(), await answer.text()).toBe(true);
  }

  private async atCarrier(method: "PUT" | "POST", path: string, data: object): Promise<void> {
    const answer = await this.api.fetch(`${SIMULATOR}control/${path}`, { method, data });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  }

  /** A family with one contact and one number. */
  async family(name: string, state: OptInState = "opted_in", number = aNumber(), contact = `Rosa ${name}`): Promise<FamilyOfTest> {
    const opt_in = state === "unknown" ? {} : { opt_in: { state, source: "portal" } };
    const contacts = [{ name: contact, phone_records: [{ phone_number: number, ...opt_in }] }];
    const { id } = await this.post<{ id: string }>("/families", { name: `${name} family`, contacts });
    return { id, name: `${name} family`, number };
  }

  /** A text from a parent's telephone, on its way when this returns. */
  async send(number: string, body: string, to = this.line): Promise<void> {
    await this.atCarrier("POST", `handsets/${encodeURIComponent(number)}/texts`, { to, body });
  }

  /** A text from a parent's telephone, in the conversation once this returns. */
  async text(number: string, body: string, to = this.line): Promise<void> {
    await this.send(number, body, to);
    await expect
      .poll(async () => {
        const found = await this.api.get(`/api/v1/conversations?phone_number=${encodeURIComponent(number)}`);
        const [conversation] = ((await found.json()) as { items: { id: string }[] }).items;
        if (!conversation) return "";
        // The last message may be an automatic answer to it.
        const thread = await this.api.get(`/api/v1/conversations/${conversation.id}/messages`);
        return JSON.stringify(await thread.json());
      }, { intervals: [50] })
      .toContain(JSON.stringify(body.slice(0, 60)).slice(1, -1));
  }

  /** A text with a file and without words. */
  async file(number: string, contentType: string, content: Buffer): Promise<void> {
    const media = [{ content_type: contentType, data: content.toString("base64") }];
    await this.atCarrier("POST", `handsets/${encodeURIComponent(number)}/texts`, { to: this.line, media });
  }

  /** The words of the texts that a telephone has received from this business, oldest first. */
  async received(number: string): Promise<string[]> {
    const answer = await this.api.get(`${SIMULATOR}control/handsets/${encodeURIComponent(number)}/texts?line=${encodeURIComponent(this.line)}`);
    const { items } = (await answer.json()) as { items: { direction: string; body: string }[] };
    return items.filter(({ direction }) => direction === "to_handset").map(({ body }) => body);
  }

  /** The words of all messages of the conversation with a number, as the API has them, in order. */
  async said(number: string): Promise<string[]> {
    const found = await this.api.get(`/api/v1/conversations?phone_number=${encodeURIComponent(number)}`);
    const [conversation] = ((await found.json()) as { items: { id: string }[] }).items;
    const answer = await this.api.get(`/api/v1/conversations/${conversation?.id ?? ""}/messages?limit=100`);
    const { items } = (await answer.json()) as { items: { seq: number; body: string }[] };
    return items.toSorted((a, b) => a.seq - b.seq).map(({ body }) => body);
  }

  /** A text to a number by an integration with an API key of that name. */
  async textByIntegration(name: string, number: string, body: string): Promise<void> {
    const { key } = await this.post<{ key: string }>("/api-keys", { name, permissions: ["sms_logs", "mass_text"] });
    const { id } = await this.post<{ id: string }>("/conversations", { phone_number: number });
    const headers = { authorization: `Bearer ${key}`, "idempotency-key": crypto.randomUUID() };
    const answer = await fetch(`${ORIGIN}/api/v1/conversations/${id}/messages`, {
      method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify({ body }),
    });
    expect(answer.status, await answer.text()).toBeLessThan(300);
  }

  /** A saved reply of the business. */
  async savedReply(title: string, body: string): Promise<void> {
    await this.post("/saved-replies", { title, body, scope: "organization" });
  }

  async rename(familyId: string, name: string): Promise<void> {
    const answer = await this.api.patch(`/api/v1/families/${familyId}`, { data: { name }, headers: { origin: ORIGIN } });
    expect(answer.ok(), await answer.text()).toBe(true);
  }

  /** Writes closed conversations of one text each: "Text 1 of the list" is the newest. */
  async conversations(count: number): Promise<void> {
    const env = { ...process.env, MESSENGER_DATA_DIR: process.env.E2E_DATA_DIR };
    await promisify(execFile)(".venv/bin/python", ["-m", "tests.support.many_conversations", this.slug, String(count)], { cwd: "..", env });
  }

  /** How the carrier answers for a telephone from now on. */
  async handset(number: string, state: "on" | "landline"): Promise<void> {
    await this.atCarrier("PUT", `handsets/${encodeURIComponent(number)}`, { state });
  }
}

export const test = base.extend<{ business: Business }, { businesses: Businesses }>({
  businesses: [
    // eslint-disable-next-line no-empty-pattern -- Playwright wants to see which fixtures it needs: none.
    async ({}, use) => {
      const businesses = new Businesses();
      await use(businesses);
      await businesses.stop();
    },
    { scope: "worker" },
  ],
  business: async ({ playwright, businesses }, use) => {
    const business = await Business.create(playwright, await businesses.next());
    await use(business);
    await business.dispose();
  },
});
export { expect };
