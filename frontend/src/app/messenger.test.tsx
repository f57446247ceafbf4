/** The Messenger: the whole application against a small API in memory. */
import type { UserEvent } from "@testing-library/user-event";
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { aCheck, aConversation, aHolder, anEntry, anInstance, aPerson, aRecipient, DANIEL, minutesAgo, recipientOf } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";
import { http } from "msw";
import { server } from "@/testing/server";

const messengerLink = () => screen.findByRole("link", { name: /^Messenger/ });
const list = () => screen.findByRole("list", { name: "Conversations" });
const row = (name: RegExp | string) => within(screen.getByRole("list", { name: "Conversations" })).getByRole("link", { name });

let world: World;
beforeEach(() => {
  world = new World().install();
});

function okafor(overrides: Parameters<typeof aConversation>[0] = {}) {
  return world.add(
    aConversation({
      display_name: "Okafor family", phone_number: "+13125550144", holders: [aHolder({ name: "Okafor family", contact_name: "Ruth Okafor" })],
      status: "unread", unread_messages: 2, seen_seq: 1, ...overrides,
    }),
    [
      { body: "Yes, two places at 9:30.", direction: "outbound", created_at: minutesAgo(2_000) },
      { body: "Good afternoon!", created_at: minutesAgo(2) },
      { body: "Is the 5:30 class still on?", created_at: minutesAgo(1) },
    ],
  );
}

describe("REACH-ICON: the Messenger icon", () => {
  it("IND-RED and IND-GRAY: says how much is unread and open, here and in the tab's title", async () => {
    okafor();
    world.add(aConversation({ status: "open" }));
    renderApp("/messenger");
    expect(await screen.findByRole("link", { name: "Messenger, 2 unread messages, 1 open conversation" })).toBeVisible();
    await waitFor(() => expect(document.title).toBe("(2) Messenger · Tumble Town"));
  });

  it("shows no badge for zero", async () => {
    renderApp("/messenger");
    expect(await screen.findByRole("link", { name: "Messenger" })).toBeVisible();
    expect(document.title).toBe("Messenger · Tumble Town");
  });

  it("PERM-VIEW: is not there without SMS Logs, and neither are live events", async () => {
    world.me = aPerson({ permissions: [] });
    renderApp("/");
    expect(await screen.findByRole("link", { name: "Families" })).toBeVisible();
    expect(screen.queryByRole("link", { name: /Messenger/ })).toBeNull();
    expect(FakeEventSource.opened).toHaveLength(0);
  });

  it("PERM-VIEW: its address says what is missing", async () => {
    world.me = aPerson({ permissions: ["mass_text"] });
    renderApp("/messenger");
    expect(await screen.findByText(/needs the SMS Logs permission/)).toBeVisible();
  });
});

describe("the list", () => {
  it("tells who, what, how much is unread, who is opted out and who else is looking", async () => {
    okafor({ viewers: [{ staff_member_id: DANIEL.id, name: DANIEL.name, since: minutesAgo(1) }] });
    world.add(aConversation({ opted_out: true, display_name: "Lindqvist family", last_message_at: minutesAgo(50) }), [{ body: "ok thanks", created_at: minutesAgo(50) }]);
    world.add(aConversation({ display_name: "+13125550188", phone_number: "+13125550188", holders: [] }), [
      { body: "See you!", direction: "outbound", created_at: minutesAgo(60), status: "failed" },
    ]);
    world.add(
      aConversation({
        display_name: "Patel family", viewers: [{ staff_member_id: DANIEL.id, name: DANIEL.name, since: minutesAgo(1) }],
        holders: [aHolder({ name: "Patel family", contact_name: "Anika Patel" }), aHolder({ name: "Rao family", contact_name: "Dev Rao" })],
      }),
      [{ body: "Thanks", created_at: minutesAgo(70) }],
    );
    renderApp("/messenger");
    await list();
    expect(row(/Okafor family/)).toHaveTextContent(/Okafor family · Ruth.*Is the 5:30 class still on\?Viewing now: Daniel.*2 unread messages/);
    expect(row(/Lindqvist family/)).toHaveTextContent("Opted out");
    expect(row(/\(312\) 555-0188/)).toHaveTextContent("Not sent: You: See you!");
    expect(row(/Patel family/)).toHaveTextContent(/Patel family · \+1.*Viewing now: Daniel/);
  });

  it("filters by the address, with counts on the tabs", async () => {
    okafor();
    world.add(aConversation({ status: "open", display_name: "Smith family" }));
    const { user, address } = renderApp("/messenger");
    await list();
    const tabs = within(screen.getByRole("navigation", { name: "Show conversations" }));
    await user.click(await tabs.findByRole("link", { name: "Unread 1" }));
    expect(address()).toBe("/messenger?status=unread");
    await waitFor(() => expect(screen.queryByRole("link", { name: /Smith family/ })).toBeNull());
    await waitFor(() => expect(row(/Okafor/)).toBeVisible());
  });

  it("says when everything has been seen", async () => {
    renderApp("/messenger?status=unread");
    expect(await screen.findByText("All caught up")).toBeVisible();
  });

  it("loads further pages on the way down, and holds only the rows on screen", async () => {
    for (let index = 0; index < 120; index += 1) {
      world.add(aConversation({ display_name: `Family ${index}`, last_message_at: minutesAgo(index) }));
    }
    renderApp("/messenger");
    const scroller = (await list()).parentElement as HTMLElement;
    const loaded = () => world.requests.filter((request) => request.startsWith("GET /api/v1/conversations?")).map((request) => request.includes("cursor="));
    expect(screen.getAllByRole("link", { name: /Family \d+/ }).length).toBeLessThan(40);
    expect(loaded()).not.toContain(true);
    fireEvent.scroll(scroller, { target: { scrollTop: 2_400 } });
    await waitFor(() => expect(loaded()).toContain(true));
    fireEvent.scroll(scroller, { target: { scrollTop: 3_200 } });
    expect(await screen.findByRole("link", { name: /Family 55/ })).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: /Family 0/ })).toBeNull();
  });

  it("says what went wrong, and tries again", async () => {
    server.use(http.get("*/api/v1/conversations", () => problem(500, "about:blank", "Oops"), { once: true }));
    okafor();
    const { user } = renderApp("/messenger");
    expect(await screen.findByRole("alert")).toHaveTextContent("The server had a problem with this.");
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await list()).toHaveTextContent("Okafor family");
  });

  it("keeps an unread conversation in place when opening it makes it open", async () => {
    okafor();
    const { user } = renderApp("/messenger?status=unread");
    await list();
    await user.click(row(/Okafor/));
    await screen.findByRole("heading", { name: /Okafor family/ });
    await waitFor(() => expect(world.conversations[0]?.status).toBe("open"));
    await waitFor(() => expect(screen.queryByText("2 unread messages")).toBeNull());
    expect(row(/Okafor/)).toHaveAttribute("aria-current");
  });

  it("j and k walk it, Enter opens", async () => {
    okafor();
    world.add(aConversation({ display_name: "Smith family", last_message_at: minutesAgo(500) }));
    const { user, address } = renderApp("/messenger");
    await list();
    await user.keyboard("j");
    await waitFor(() => expect(row(/Okafor/)).toHaveFocus());
    await user.keyboard("j");
    await waitFor(() => expect(row(/Smith/)).toHaveFocus());
    await user.keyboard("k");
    await waitFor(() => expect(row(/Okafor/)).toHaveFocus());
    await user.keyboard("{Enter}");
    await waitFor(() => expect(address()).toContain(world.conversations[0]?.id));
  });
});

describe("live", () => {
  it("a text arrives without reload: badge, title and list follow", async () => {
    const conversation = world.add(aConversation({ status: "closed", display_name: "Smith family" }));
    renderApp("/messenger");
    await list();
    await act(async () => {
      world.receive(conversation, "Are you there?");
      await Promise.resolve();
    });
    expect(await screen.findByRole("link", { name: "Messenger, 1 unread message" })).toBeVisible();
    await waitFor(() => expect(row(/Smith family/)).toHaveTextContent("Are you there?"));
    expect(document.title).toMatch(/^\(1\)/);
  });

  it("says that the connection is lost, and catches up when it is back", async () => {
    const conversation = world.add(aConversation({ display_name: "Smith family" }));
    renderApp("/messenger");
    await list();
    FakeEventSource.serverUp = false;
    act(() => FakeEventSource.breakConnection());
    expect(await screen.findByText("Connection lost.", undefined, { timeout: 5_000 })).toBeVisible();

    const { user } = { user: (await import("@testing-library/user-event")).default.setup() };
    world.append(conversation, { body: "Missed by the stream" });
    FakeEventSource.serverUp = true;
    await user.click(screen.getByRole("button", { name: "Try now" }));
    await waitFor(() => expect(row(/Smith family/)).toHaveTextContent("Missed by the stream"));
    expect(screen.queryByText("Connection lost.")).toBeNull();
  });

  it("PERM-NOW: a revoked permission takes the icon away when the stream ends", async () => {
    renderApp("/messenger");
    await messengerLink();
    world.me = aPerson({ permissions: [] });
    FakeEventSource.serverUp = false;
    act(() => FakeEventSource.breakConnection());
    await waitFor(() => expect(screen.queryByRole("link", { name: /^Messenger/ })).toBeNull());
  });

  it("an ended session leads to the sign-in and back", async () => {
    okafor();
    const { address } = renderApp("/messenger?status=unread");
    await list();
    world.me = null;
    act(() => FakeEventSource.emit("indicator"));
    await screen.findByRole("button", { name: "Sign in" });
    expect(address()).toBe(`/sign-in?redirect=${encodeURIComponent("/messenger?status=unread")}&ended=true`);
    expect(screen.getByText(/^You were signed out here\./)).toBeVisible();
  });
});

describe("whether texts leave", () => {
  const words = "Texts are not leaving right now. They wait, and will be sent when the service is back. Call if it is urgent.";
  const said = () => screen.queryAllByRole("status").filter((element) => element.textContent === words);

  it.each(["/messenger", "/families"])("says at %s that they do not, while they do not, without a reload", async (address) => {
    renderApp(address);
    await waitFor(() => expect(world.requests).toContain("GET /api/v1/sending-status"));
    expect(said()).toHaveLength(0);

    world.textsAreLeaving = false;
    act(() => FakeEventSource.emit("sending_status"));
    await waitFor(() => expect(said()).toHaveLength(1));

    world.textsAreLeaving = true;
    act(() => FakeEventSource.emit("sending_status"));
    await waitFor(() => expect(said()).toHaveLength(0));
  });

  it("says why after a restore", async () => {
    world.textsAreLeaving = false;
    world.textsAreHeld = true;
    renderApp("/messenger");
    expect(await screen.findByText(/set back to an earlier state\. They wait until it is clear/)).toBeVisible();
    expect(said()).toHaveLength(0);
  });

  it("says so beside a composer", async () => {
    world.textsAreLeaving = false;
    renderApp(`/messenger/${okafor().id}`);
    expect(await screen.findByRole("textbox", { name: "Message" })).toBeVisible();
    await waitFor(() => expect(said()).toHaveLength(1));
  });

  it("asks again when a lost connection is back", async () => {
    okafor();
    renderApp("/messenger");
    await list();
    FakeEventSource.serverUp = false;
    act(() => FakeEventSource.breakConnection());
    world.textsAreLeaving = false;
    FakeEventSource.serverUp = true;
    await waitFor(() => expect(said()).toHaveLength(1), { timeout: 5_000 });
  });

  it("PERM-SEND: does not ask for those who cannot send", async () => {
    world.me = aPerson({ permissions: ["sms_logs"] });
    world.textsAreLeaving = false;
    okafor();
    renderApp("/messenger");
    await list();
    expect(world.requests).not.toContain("GET /api/v1/sending-status");
    expect(said()).toHaveLength(0);
  });
});

describe("details", () => {
  it("RECV-SENDER: a short code is shown as it came, and in the composer's place stands why it can't be texted", async () => {
    const conversation = okafor({
      display_name: "72345", phone_number: "72345", holders: [],
      opt_in_check: aCheck({ phone_number: "72345", allowed: false, reason: "not_a_phone_number", instances: [] }),
    });
    renderApp(`/messenger/${conversation.id}`);
    expect(await screen.findByRole("heading", { name: /^72345/ })).toBeVisible();
    expect(screen.getByText("Not a phone number")).toBeVisible();
    const note = await screen.findByRole("note", { name: "Why you can't send" });
    expect(note).toHaveTextContent("“72345” is a short code, not a phone number, so it can't be texted from here.");
    expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
  });

  it("OPTIN-EXPLAIN: every record with its state, and one sentence that names what blocks, in the pane and in the composer's place", async () => {
    const conversation = okafor({
      opt_in_check: aCheck({
        allowed: false,
        reason: "opted_out",
        instances: [
          anInstance({ owner_name: "Okafor family", contact_name: "Ruth Okafor" }),
          anInstance({ owner_name: "Jones family", contact_name: "Pat Jones", state: "opted_out", changed_at: "2026-05-03T15:00:00Z", blocks: true }),
        ],
      }),
    });
    renderApp(`/messenger/${conversation.id}`);
    const details = within(await screen.findByRole("complementary", { name: "Details" }));
    const sentence = "Jones family opted out on May 3 in the portal, so this number can't be texted.";
    expect(await details.findByText(sentence, { exact: false })).toBeVisible();
    const [first, second] = details.getAllByRole("listitem");
    expect(first).toHaveTextContent(/Jones family\s*Opted out/);
    expect(second).toHaveTextContent(/Okafor family\s*Opted in/);
    expect(details.getByRole("link", { name: "Jones family" })).toHaveAttribute("href", expect.stringContaining("/families/"));
    expect(within(screen.getByRole("note", { name: "Why you can't send" })).getByText(sentence)).toBeVisible();
    expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
  });

  it("a number that forty records share does not fill the pane", async () => {
    const instances = Array.from({ length: 40 }, (_, index) => anInstance({ owner_name: `Family ${index}`, blocks: index === 39, state: index === 39 ? "unknown" : "opted_in" }));
    const conversation = okafor({ opt_in_check: aCheck({ allowed: false, reason: "not_opted_in", instances }) });
    const { user } = renderApp(`/messenger/${conversation.id}`);
    const details = within(await screen.findByRole("complementary", { name: "Details" }));
    expect(await details.findByRole("link", { name: "Family 39" })).toBeVisible();
    expect(details.queryByRole("link", { name: "Family 20" })).toBeNull();
    await user.click(details.getByRole("button", { name: "Show all 40 records" }));
    expect(details.getByRole("link", { name: "Family 20" })).toBeVisible();
  });

  it("AUDIT-READ: the trail says who did what", async () => {
    const conversation = okafor();
    world.entries.push(
      anEntry({ conversation_id: conversation.id, action: "conversation.closed", actor: { kind: "staff_member", ...DANIEL }, at: minutesAgo(100) }),
      anEntry({ conversation_id: conversation.id, action: "conversation.unread", actor: { kind: "phone_number", id: null, name: "+13125550144" }, at: minutesAgo(2) }),
    );
    renderApp(`/messenger/${conversation.id}`);
    const details = within(await screen.findByRole("complementary", { name: "Details" }));
    expect(await details.findByText("(312) 555-0144")).toBeVisible();
    expect(details.getByText("made it unread", { exact: false })).toBeVisible();
    expect(details.getByText("Daniel Kim").parentElement).toHaveTextContent("Daniel Kim closed it");
  });
});

describe("starting a conversation", () => {
  const openWindow = async (user: UserEvent) => {
    await user.click(await screen.findByRole("button", { name: "New conversation" }));
    return screen.findByRole("combobox", { name: "Name or number" });
  };

  it("TO-NAME: a name finds the conversation and opens it", async () => {
    const conversation = okafor();
    world.recipients.push(recipientOf(conversation, { owner_name: "Okafor family", contact_name: "Ruth Okafor" }));
    const { user, address } = renderApp("/messenger");
    await user.type(await openWindow(user), "ruth");
    expect(await screen.findByRole("option", { name: /Okafor family.*Can be texted/ })).toBeVisible();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(address()).toContain(conversation.id));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("TO-NAME: the first text makes the conversation, and nothing before it does", async () => {
    world.recipients.push(aRecipient());
    const { user, address } = renderApp("/messenger");
    await user.type(await openWindow(user), "rosa");
    await user.click(await screen.findByRole("option", { name: /Rosa Castillo/ }));
    const box = await screen.findByRole("textbox", { name: "First message" });
    expect(world.conversations).toHaveLength(0);
    await user.type(box, "Class is on{Enter}");
    await waitFor(() => expect(address()).toContain(world.conversations[0]?.id ?? "no conversation"));
    expect(world.sent).toMatchObject([{ body: { phone_number: "+13125550111", body: "Class is on" } }]);
    expect(world.sent[0]?.body).not.toHaveProperty("line_id");
  });

  it("FOCUS: a refused first text stays in its box, with the reason", async () => {
    world.recipients.push(aRecipient());
    const instances = [anInstance({ owner_name: "Jones family", state: "opted_out", blocks: true })];
    world.nextSends.push(() => problem(409, "/problems/not-allowed-to-text", "May not be texted", { check: aCheck({ allowed: false, reason: "opted_out", instances }) }));
    const { user } = renderApp("/messenger");
    await user.type(await openWindow(user), "rosa");
    await user.click(await screen.findByRole("option", { name: /Rosa Castillo/ }));
    await user.type(await screen.findByRole("textbox", { name: "First message" }), "Class is on{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("Not sent. Jones family opted out");
    expect(screen.getByRole("textbox", { name: "First message" })).toHaveValue("Class is on");
  });

  it("OPTIN-ALL: a hit that can't be texted says why", async () => {
    world.recipients.push(aRecipient({ check: { allowed: false, reason: "opted_out", detail: "Jones family opted out." } }));
    const { user } = renderApp("/messenger");
    await user.type(await openWindow(user), "rosa");
    expect(await screen.findByRole("option", { name: /Can’t be texted.*Jones family opted out\./ })).toBeVisible();
  });

  it("says what is searched when nobody is found", async () => {
    const { user } = renderApp("/messenger");
    await user.type(await openWindow(user), "zzz");
    expect(await screen.findByText(/Nobody is called “zzz”\. Families, their contacts, children and staff are searched\./)).toBeVisible();
  });

  it("PERM-SEND: is not offered without Mass Text", async () => {
    world.me = aPerson({ permissions: ["sms_logs"] });
    renderApp("/messenger");
    await messengerLink();
    expect(screen.queryByRole("button", { name: "New conversation" })).toBeNull();
  });
});

describe("notifications", () => {
  it("are offered once and off by default", async () => {
    vi.stubGlobal("Notification", Object.assign(vi.fn(), { permission: "default", requestPermission: () => Promise.resolve("granted") }));
    const { user } = renderApp("/messenger");
    await user.click(await screen.findByRole("button", { name: "No, thanks" }));
    expect(screen.queryByRole("complementary", { name: "Notifications" })).toBeNull();
    expect(window.localStorage.getItem(Object.keys(window.localStorage).find((key) => key.endsWith("preferences")) ?? "")).toContain('"notifications":false');
    vi.unstubAllGlobals();
  });
});
