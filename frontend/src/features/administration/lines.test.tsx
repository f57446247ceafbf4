/** PERM-ADMIN: the numbers that the business texts from, their set-up at the provider, and its check. */
import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { NZ_NOTICE, credentialFields, isOptional } from "./line-providers";
import { aLine, anId, aPerson, LINE_ID } from "@/testing/builders";
import { PROVIDERS } from "@/testing/providers";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";
import type { LineHealth } from "@/api/lines";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

const open = () => renderApp("/administration?tab=lines");
const row = async () => within(await screen.findByRole("list", { name: "Lines" }));
const ALONG: LineHealth["status"] = { state: "set", detail: "Nothing to set: this address goes along with every text.", address: null };

describe("the list of lines", () => {
  it("says of each its number, provider, kind and last text", async () => {
    world.lines = [aLine(), aLine({ id: anId(), label: "Camp", phone_number: "4777", kind: "short_code", provider: "bandwidth" })];
    world.inbound.last_texts = [{ line_id: LINE_ID, at: "2026-11-23T16:45:00Z" }];
    open();
    const list = await row();
    expect(await list.findByText(/Twilio · Ordinary number.* last text: .*10:45.am/)).toBeVisible();
    expect(list.getByText("(312) 555-0199")).toBeVisible();
    expect(await list.findByText("Bandwidth · Short code · no text yet")).toBeVisible();
    expect(list.getAllByText("Not checked yet")).toHaveLength(2);
  });

  it("warns of a line that is silent, but not of one that is out of service", async () => {
    const silent_since = "2026-11-23T15:00:00Z";
    world.lines = [aLine({ silent_since }), aLine({ id: anId(), label: "Camp", silent_since, enabled: false })];
    open();
    expect(await screen.findByText(/^Silent since .*9:00.am/)).toBeVisible();
    expect(screen.getAllByText(/^Silent since/)).toHaveLength(1);
    expect(screen.getByText("Out of service")).toBeVisible();
  });

  it("NZ-NOTICE is said in the product's own words", async () => {
    world.lines = [aLine({ notice: NZ_NOTICE })];
    open();
    expect(await screen.findByText(NZ_NOTICE)).toBeVisible();
  });

  it("shows that it is loading, and can be asked for again when it fails", async () => {
    let answer: () => void = () => undefined;
    const loading = new Promise<void>((done) => (answer = done));
    let broken = true;
    server.use(
      http.get("*/api/v1/lines", async () => {
        await loading;
        return broken ? problem(403, "/problems/permission-required", "A permission is missing", { permission: "administration" }) : HttpResponse.json({ items: world.lines, next_cursor: null });
      }),
    );
    const { user } = open();
    const region = await screen.findByRole("region", { name: "Lines" });
    expect(region.querySelector(".skeleton")).toBeInTheDocument();
    answer();
    expect(await screen.findByRole("alert")).toHaveTextContent("This couldn't be loaded");
    broken = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect((await row()).getByText("Front desk")).toBeVisible();
  });

  it("is not open to others", async () => {
    world.me = aPerson();
    open();
    expect(await screen.findByText("Administration is not open to you")).toBeVisible();
    expect(world.requests.join()).not.toContain("/lines");
  });
});

describe("a business without a line", () => {
  beforeEach(() => void (world.lines = []));

  it("is led from the Messenger to where it adds one", async () => {
    const { user, address } = renderApp("/messenger");
    await user.click(await screen.findByRole("link", { name: "Add a line" }));
    expect(await screen.findByText("Add the number you text from")).toBeVisible();
    expect(address()).toBe("/administration?tab=lines");
    expect(screen.getAllByRole("button", { name: "Add a line" })).toHaveLength(1);
  });

  it("tells those who cannot add one who can", async () => {
    world.me = aPerson();
    renderApp("/messenger");
    expect(await screen.findByText("An administrator has to add the number that families text.")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Add a line" })).toBeNull();
  });
});

describe("adding a line", () => {
  const dialogOf = async () => within(await screen.findByRole("dialog", { name: "Add a line" }));

  it.each(PROVIDERS.filter(({ test_numbers }) => test_numbers.length === 0))("asks for the credentials of $name, and sends them with everything else", async (described) => {
    const provider = described.id;
    world.lines = [];
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = await dialogOf();
    await user.selectOptions(dialog.getByLabelText("Provider"), provider);
    await user.type(dialog.getByLabelText("Name"), "Camp");
    await user.type(dialog.getByLabelText("Number"), "(312) 555-0188");
    const credentials: Record<string, string> = {};
    for (const described_field of credentialFields(described, described.alternatives[0]?.id)) {
      const { name, label, secret } = described_field;
      const optional = isOptional(described_field);
      const field = dialog.getByLabelText(optional ? `${label} (optional)` : label);
      expect(field).toHaveAttribute("type", secret ? "password" : "text");
      if (optional) continue;
      await user.type(field, `the ${name}`);
      credentials[name] = `the ${name}`;
    }
    await user.click(dialog.getByRole("button", { name: "Add" }));
    const steps = within(await screen.findByRole("group", { name: "Set-up of Camp" }));
    const answers_keywords = !described.capabilities.answers_keywords;
    expect(world.changes).toEqual([
      {
        path: "/lines",
        body: {
          label: "Camp", phone_number: "(312) 555-0188", kind: "long_code", country: "US", provider, credentials,
          settings: {
            messages_per_second: null, answers_keywords, business_name: null, help_text: null,
            countries: null, texts_per_day: null, texts_per_person_per_day: null,
          },
        },
      },
    ]);
    const address = `https://texts.tumble.example/webhooks/${provider}/${world.lines[0]?.id ?? ""}`;
    expect(steps.getByLabelText("Address for texts")).toHaveValue(`${address}/inbound`);
    expect(steps.getByLabelText("Address for delivery reports")).toHaveValue(`${address}/status`);
    expect(steps.getAllByRole("listitem").length).toBeGreaterThan(1);
  });

  it("NZ-NOTICE is read before a New Zealand short code is added", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = await dialogOf();
    await user.selectOptions(dialog.getByLabelText("Kind"), "short_code");
    expect(dialog.queryByText(NZ_NOTICE)).toBeNull();
    await user.selectOptions(dialog.getByLabelText("Country"), "NZ");
    expect(dialog.getByText(NZ_NOTICE)).toBeVisible();
  });

  it("OPTIN-CONFIRM says who answers STOP, and asks for the answers' words only where the line answers", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = await dialogOf();
    expect(dialog.getByRole("radio", { name: "Twilio" })).toBeChecked();
    expect(dialog.queryByLabelText("Answer to HELP")).toBeNull();
    await user.selectOptions(dialog.getByLabelText("Provider"), "bandwidth");
    expect(dialog.getByRole("radio", { name: "This line" })).toBeChecked();
    expect(dialog.getByRole("radio", { name: "Bandwidth" })).toHaveAccessibleDescription(/Only if you have set it up there/);
    expect(dialog.getByLabelText("Answer to HELP")).toBeVisible();
  });

  describe("at Bandwidth", () => {
    const atBandwidth = async () => {
      const { user } = open();
      await user.click(await screen.findByRole("button", { name: "Add a line" }));
      const dialog = await dialogOf();
      expect(dialog.queryByRole("group", { name: "Signed in with" })).toBeNull();
      await user.selectOptions(dialog.getByLabelText("Provider"), "bandwidth");
      return { user, dialog };
    };

    it("an API credential is offered, and the API user with the day on which it ends", async () => {
      const { user, dialog } = await atBandwidth();
      expect(dialog.getByRole("radio", { name: "API credential" })).toBeChecked();
      expect(dialog.getByRole("radio", { name: "API user" })).toHaveAccessibleDescription(/ends it on 2 December 2026/);
      expect(dialog.queryByLabelText("API password")).toBeNull();
      await user.click(dialog.getByRole("radio", { name: "API user" }));
      expect(dialog.getByLabelText("API password")).toHaveAttribute("type", "password");
      expect(dialog.queryByLabelText("Client secret")).toBeNull();
    });

    it("only the pair that is shown is sent, whatever was typed into the other", async () => {
      const { user, dialog } = await atBandwidth();
      await user.type(dialog.getByLabelText("Name"), "Camp");
      await user.type(dialog.getByLabelText("Number"), "(312) 555-0188");
      await user.type(dialog.getByLabelText("Client ID"), "CLI-1");
      await user.click(dialog.getByRole("radio", { name: "API user" }));
      await user.type(dialog.getByLabelText("API user name"), "desk");
      await user.type(dialog.getByLabelText("API password"), "secret");
      await user.click(dialog.getByRole("button", { name: "Add" }));
      expect(await screen.findByText("Camp added. Now set it up at Bandwidth.")).toBeVisible();
      expect(world.changes[0]?.body.credentials).toEqual({ username: "desk", password: "secret" });
    });

    it("what is missing is said at the field that is shown", async () => {
      const errors = ["client_id", "client_secret"].map((name) => ({ pointer: `/credentials/${name}`, detail: "Bandwidth needs this." }));
      server.use(http.post("*/api/v1/lines", () => problem(422, "/problems/validation", "Not valid", { errors })));
      const { user, dialog } = await atBandwidth();
      await user.click(dialog.getByRole("button", { name: "Add" }));
      expect(await dialog.findAllByText("Bandwidth needs this.")).toHaveLength(2);
      expect(dialog.getByLabelText("Client ID")).toBeInvalid();
      await user.click(dialog.getByRole("radio", { name: "API user" }));
      expect(dialog.getByLabelText("API user name")).toBeInvalid();
      expect(dialog.getByLabelText("API password")).toBeInvalid();
    });
  });

  it("what is mistyped is said at its field, and nothing is lost", async () => {
    const detail = "An account SID is AC and 32 digits or letters from a to f.";
    server.use(http.post("*/api/v1/lines", () => problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/credentials/account_sid", detail }] })));
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = await dialogOf();
    await user.type(dialog.getByLabelText("Account SID"), "AC1");
    await user.type(dialog.getByLabelText("Auth token"), "secret");
    await user.click(dialog.getByRole("button", { name: "Add" }));
    expect(await dialog.findByText(detail)).toBeVisible();
    expect(dialog.getByLabelText("Account SID")).toBeInvalid();
    expect(dialog.getByLabelText("Auth token")).toHaveValue("secret");
  });

  it("a pace that is no number is not sent", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = await dialogOf();
    await user.type(dialog.getByLabelText("Texts per second"), "fast");
    await user.click(dialog.getByRole("button", { name: "Add" }));
    expect(dialog.getByText("This is not a number.")).toBeVisible();
    expect(world.changes).toEqual([]);
  });
});

describe("changing a line", () => {
  const edit = async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Edit Front desk" }));
    return { user, dialog: within(await screen.findByRole("dialog", { name: "Edit Front desk" })) };
  };

  it("keeps credentials that nobody types, and never shows them", async () => {
    const settings = { messages_per_second: 2.5, answers_keywords: true, business_name: "Tumble", help_text: "Call us.", countries: ["CA", "US"], texts_per_day: 500, texts_per_person_per_day: 50 };
    world.lines = [aLine({ settings })];
    const { user, dialog } = await edit();
    expect(dialog.getByLabelText("Account SID")).toHaveValue("");
    expect(dialog.getByLabelText("Auth token")).toHaveValue("");
    await user.clear(dialog.getByLabelText("Name"));
    await user.type(dialog.getByLabelText("Name"), "Desk");
    await user.click(dialog.getByRole("checkbox", { name: "In service" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Desk saved.")).toBeVisible();
    expect(world.changes).toEqual([{ path: LINE_ID, body: { label: "Desk", enabled: false, settings } }]);
  });

  it("says which countries it may text and how many texts a day, and what the server does not take", async () => {
    const { user, dialog } = await edit();
    const type = async (label: string, text: string) => {
      await user.clear(dialog.getByLabelText(label));
      await user.type(dialog.getByLabelText(label), text);
    };
    expect(dialog.getByLabelText("Countries it may text")).toHaveValue("US");
    await type("Countries it may text", "us, ca");
    await type("Texts a day", "2,000");
    await user.clear(dialog.getByLabelText("Texts a day per person"));
    const errors = [{ pointer: "/settings/countries/1", detail: "CA is no country today." }];
    server.use(http.patch("*/api/v1/lines/:id", () => problem(422, "/problems/validation", "Not valid", { errors }), { once: true }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("CA is no country today.")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Front desk saved.")).toBeVisible();
    expect(world.changes[0]?.body.settings).toMatchObject({ countries: ["US", "CA"], texts_per_day: 2000, texts_per_person_per_day: null });
  });

  it("replaces them as a whole once one is typed", async () => {
    const { user, dialog } = await edit();
    await user.type(dialog.getByLabelText("Account SID"), "AC2");
    await user.type(dialog.getByLabelText("Auth token"), "new");
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Front desk saved.")).toBeVisible();
    expect(world.changes[0]?.body.credentials).toEqual({ account_sid: "AC2", auth_token: "new" });
  });
});

describe("the check", () => {
  const check = async (...answers: Omit<LineHealth, "at">[]) => {
    world.checks.push(...answers);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Set-up of Front desk" }));
    const group = within(await screen.findByRole("group", { name: "Set-up of Front desk" }));
    expect(group.getByText(/^Asks Twilio whether/)).toBeVisible();
    await user.click(group.getByRole("button", { name: "Check" }));
    return { user, group };
  };

  it("says what is set, in words, and marks the line as ready", async () => {
    const inbound = { state: "set" as const, detail: "The address is set for the number.", address: null };
    const { group } = await check({ state: "ready", detail: "", credentials_state: "accepted", inbound, status: ALONG });
    expect(await group.findByText("Twilio accepts them.")).toBeVisible();
    expect(group.getByText(inbound.detail)).toBeVisible();
    expect(group.getByText(ALONG.detail)).toBeVisible();
    expect(group.getByText(/^Last check/)).toBeVisible();
    expect((await row()).getByText("Ready")).toBeVisible();
  });

  it("names the address that is set instead, and can be asked again", async () => {
    const inbound = { state: "elsewhere" as const, detail: "Another address is set for the number.", address: "https://old.example/sms" };
    const missing = { state: "missing" as const, detail: "No address is set for the number.", address: null };
    const { user, group } = await check(
      { state: "needs_attention", detail: "", credentials_state: "accepted", inbound, status: ALONG },
      { state: "needs_attention", detail: "", credentials_state: "accepted", inbound: missing, status: ALONG },
    );
    expect(await group.findByText("https://old.example/sms")).toBeVisible();
    expect((await row()).getByText("Needs attention")).toBeVisible();
    await user.click(group.getByRole("button", { name: "Check" }));
    expect(await group.findByText(missing.detail)).toBeVisible();
    expect(group.queryByText("https://old.example/sms")).toBeNull();
  });

  it("says when credentials are refused, and when only a person can look", async () => {
    const unknown = { state: "cannot_tell" as const, detail: "The provider does not say.", address: null };
    const { user, group } = await check(
      { state: "needs_attention", detail: "", credentials_state: "refused", inbound: unknown, status: unknown },
      { state: "cannot_tell", detail: "", credentials_state: "accepted", inbound: unknown, status: unknown },
    );
    expect(await group.findByText("Twilio refuses them. Edit the line and enter them again.")).toBeVisible();
    await user.click(group.getByRole("button", { name: "Check" }));
    expect(await group.findByText("Twilio accepts them.")).toBeVisible();
    expect((await row()).getByText("Check it yourself")).toBeVisible();
  });

  it("a provider out of reach is not the line's fault", async () => {
    const unknown = { state: "cannot_tell" as const, detail: "The provider could not be asked.", address: null };
    const detail = "The provider could not be reached (ConnectTimeout).";
    const { group } = await check({ state: "unreachable", detail, credentials_state: "cannot_tell", inbound: unknown, status: unknown });
    expect(await group.findByText(`${detail} This says nothing about the line.`)).toBeVisible();
    expect(group.queryByText(unknown.detail)).toBeNull();
    expect((await row()).getByText("Provider not reached")).toBeVisible();
  });

  it("that fails says why", async () => {
    const { group } = await check();
    expect(await group.findByRole("alert")).toBeVisible();
  });

  it("addresses are copied, and one that no provider can reach is said to be so", async () => {
    const inbound = "http://127.0.0.1:8000/webhooks/twilio/1/inbound";
    world.lines = [aLine({ webhook_urls: { inbound, status: inbound } })];
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Set-up of Front desk" }));
    await user.click(screen.getByRole("button", { name: "Copy: Address for texts" }));
    expect(await screen.findByText("Copied.")).toBeVisible();
    expect(await navigator.clipboard.readText()).toBe(inbound);
    expect(screen.getByText(/^Twilio can’t reach this address/)).toBeVisible();
  });
});
