/** Reading and answering one conversation. */
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { http, HttpResponse } from "msw";

import { aCheck, aConversation, aHolder, anEntry, anInstance, aPerson, byKey, byStaff, DANIEL, MARIA, minutesAgo } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";
import type { ConversationDetail } from "@/api/types";
import { reloadDrafts } from "@/lib/drafts";

let world: World;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(
    aConversation({ display_name: "Smith family", holders: [aHolder({ contact_name: "Maya Smith" })], seen_seq: 2 }),
    [
      { body: "Hi, Leo has a fever", created_at: minutesAgo(30) },
      { body: "So sorry to hear that!", direction: "outbound", created_at: minutesAgo(20) },
    ],
  );
});

const open = () => renderApp(`/messenger/${conversation.id}`);
const log = () => screen.findByRole("log", { name: "Messages" });
const box = () => screen.findByRole("textbox", { name: "Message" });
const texts = async () => within(await log()).getAllByRole("article").map((article) => article.firstElementChild?.textContent);

function setVisibility(state: DocumentVisibilityState) {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

describe("reading", () => {
  it("shows what was said, by whom and whether it arrived", async () => {
    open();
    expect(await screen.findByRole("heading", { name: /Smith family/ })).toBeVisible();
    expect(screen.getByText("· (312) 555-0101").parentElement).toHaveTextContent("Maya Smith · (312) 555-0101");
    expect(await texts()).toEqual(["Hi, Leo has a fever", "So sorry to hear that!"]);
    expect(screen.getByRole("button", { name: "Delivered" })).toBeVisible();
  });

  it("R9: hostile text is shown as nothing but text", async () => {
    const hostile = ["<img src=x onerror=alert(1)>", "\u202etxet lortnoc-idib\u202c", "=HYPERLINK(\"http://evil.test\")", "a\ufffdb", "👍".repeat(800), "x".repeat(10_000), "javascript:alert(1)"];
    for (const body of hostile) world.append(conversation, { body });
    open();
    await within(await log()).findByText("javascript:alert(1)");
    expect((await texts()).slice(2)).toEqual(hostile);
    expect(document.querySelector("img[src=x], a[href^=javascript]")).toBeNull();
    expect(within(await log()).getByText("=HYPERLINK", { exact: false }).closest("[dir=auto]")).not.toBeNull();
  });

  it("gives the reason of a failure on focus, and the whole story on a click", async () => {
    const failed = world.append(conversation, { direction: "outbound", body: "See you", status: "failed", error: { code: "30005", title: "The phone cannot be reached" }, sent_by: byStaff(DANIEL) });
    const { user } = open();
    const state = await screen.findByRole("button", { name: "Not sent" });
    fireEvent.pointerEnter(state, { pointerType: "mouse" });
    expect(await screen.findByRole("tooltip")).toHaveTextContent("The phone cannot be reached.");
    expect(state).toHaveAccessibleDescription("The phone cannot be reached.");
    await user.click(state);
    const dialog = within(await screen.findByRole("dialog", { name: "Not sent" }));
    expect(await dialog.findByText("Carrier code 30005")).toBeVisible();
    expect(world.requests).toContain(`GET /api/v1/messages/${failed.id}`);
  });

  it("says of a text that a program sent it", async () => {
    world.append(conversation, { direction: "outbound", body: "Class is on", sent_by: byKey("Help desk") });
    open();
    expect(await screen.findByRole("article", { name: /^Help desk \(integration\) wrote/ })).toBeVisible();
    expect(screen.getByText("Help desk (integration) ·")).toBeVisible();
  });

  it("marks what is new, and says what happened in between", async () => {
    conversation.seen_seq = 2;
    world.append(conversation, { body: "Yes please", created_at: minutesAgo(5) });
    Object.assign(conversation, { status: "unread", unread_messages: 1 });
    world.entries.push(anEntry({ conversation_id: conversation.id, action: "conversation.opened", at: minutesAgo(25), actor: { kind: "staff_member", ...MARIA } }));
    open();
    expect(await within(await log()).findByText(/Maria opened the conversation/)).toBeVisible();
    const divider = await screen.findByRole("separator", { name: "New messages" });
    expect(divider.compareDocumentPosition(screen.getByText("Yes please", { selector: "div" })) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it("loads older messages above, without losing the newest", async () => {
    for (let index = 0; index < 120; index += 1) world.append(conversation, { body: `Message ${index}` });
    open();
    await screen.findByText("Message 119", { selector: "div" });
    expect(await screen.findByText("Message 0", { selector: "div" })).toBeVisible();
    expect(world.requests.some((request) => request.includes("before="))).toBe(true);
    expect(screen.getByText("Message 119", { selector: "div" })).toBeVisible();
  });

  it("what a text contains is shown, never run", async () => {
    const body = '<img src=x onerror="alert(1)"> see https://example.com/a?b=1. Bye';
    world.append(conversation, { body });
    open();
    const link = await screen.findByRole("link", { name: "https://example.com/a?b=1" });
    expect(link).toHaveAttribute("rel", expect.stringContaining("noopener"));
    expect((await texts()).at(-1)).toBe(body);
    expect(document.querySelector("img[src=x]")).toBeNull();
  });

  it("says when there is no such conversation", async () => {
    renderApp("/messenger/00000000-0000-7000-8000-00000000ffff");
    expect(await screen.findByText("This conversation isn't here")).toBeVisible();
  });
});

describe("STATUS-VIEWING and STATUS-SEEN", () => {
  it("looking is told with the last message shown, again after a new one, and the badge falls", async () => {
    Object.assign(conversation, { status: "unread", unread_messages: 1, seen_seq: 0 });
    open();
    await waitFor(() => expect(world.viewing).toContainEqual({ conversationId: conversation.id, seenSeq: 2 }));
    expect(await screen.findByRole("link", { name: "Messenger, 1 open conversation" })).toBeVisible();

    const message = world.append(conversation, { body: "And one more" });
    act(() => world.announce(message));
    await waitFor(() => expect(world.viewing.at(-1)).toEqual({ conversationId: conversation.id, seenSeq: 3 }));
  });

  it("a hidden tab looks at nothing: the lease ends, and what arrives is not called seen until it is shown", async () => {
    open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    setVisibility("hidden");
    await waitFor(() => expect(world.viewing.at(-1)?.seenSeq).toBeNull());

    act(() => void world.receive(conversation, "While you were away"));
    await screen.findByText("While you were away", { selector: "div" });
    expect(world.viewing.at(-1)?.seenSeq).toBeNull();

    setVisibility("visible");
    await waitFor(() => expect(world.viewing.at(-1)).toEqual({ conversationId: conversation.id, seenSeq: 3 }));
    expect(await screen.findByRole("separator", { name: "New messages" })).toBeVisible();
  });

  it("leaving the conversation ends the lease", async () => {
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    await user.click(screen.getByRole("link", { name: "Families" }));
    await waitFor(() => expect(world.viewing.at(-1)).toEqual({ conversationId: conversation.id, seenSeq: null }));
  });

  it("a page that goes ends the lease, and one that comes back out of the browser's memory looks again", async () => {
    open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    act(() => void window.dispatchEvent(new Event("pagehide")));
    await waitFor(() => expect(world.viewing.at(-1)?.seenSeq).toBeNull());
    act(() => void window.dispatchEvent(new Event("pageshow")));
    await waitFor(() => expect(world.viewing.at(-1)).toEqual({ conversationId: conversation.id, seenSeq: 2 }));
    expect(world.viewing).toHaveLength(3);
  });

  it("a page that goes while it waits to let go of the lease does not wait", async () => {
    let answer: (() => void) | undefined;
    server.use(
      http.put("*/viewers/:viewer", () => new Promise((resolve) => { answer = () => resolve(undefined); }), { once: true }),
    );
    open();
    await waitFor(() => expect(answer).toBeDefined());
    setVisibility("hidden");
    expect(world.viewing).toHaveLength(0);
    act(() => void window.dispatchEvent(new Event("pagehide")));
    await waitFor(() => expect(world.viewing).toEqual([{ conversationId: conversation.id, seenSeq: null }]));
    answer?.();
    setVisibility("visible");
    await waitFor(() => expect(world.viewing.map(({ seenSeq }) => seenSeq)).toEqual([null, 2]));
  });

  it("signing out ends the lease first, while it still may", async () => {
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    await user.click(screen.getByRole("button", { name: /Maria Lopez/ }));
    await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
    const told = world.requests.filter((request) => request.startsWith("DELETE"));
    expect(told[0]).toMatch(/\/viewers\//);
    expect(told[1]).toBe("DELETE /api/v1/session");
  });

  it("who could not be signed out goes on looking", async () => {
    server.use(http.delete("*/session", () => HttpResponse.error(), { once: true }));
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    await user.click(screen.getByRole("button", { name: /Maria Lopez/ }));
    await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    await waitFor(() => expect(world.viewing.map(({ seenSeq }) => seenSeq)).toEqual([2, null, 2]));
  });

  it("says who else is looking", async () => {
    conversation.viewers = [
      { staff_member_id: MARIA.id, name: MARIA.name, since: minutesAgo(1) },
      { staff_member_id: DANIEL.id, name: DANIEL.name, since: minutesAgo(1) },
    ];
    open();
    expect((await screen.findByText("is viewing")).parentElement).toHaveTextContent(/^Daniel is viewing$/);
  });
});

describe("answering", () => {
  it("Enter sends with what has been seen, Shift+Enter breaks the line", async () => {
    const { user } = open();
    await user.type(await box(), "One{Shift>}{Enter}{/Shift}two{Enter}");
    await waitFor(() => expect(world.sent).toHaveLength(1));
    expect(world.sent[0]).toMatchObject({ body: { body: "One\ntwo", seen_seq: 2, close: false } });
    expect(world.sent[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(await box()).toHaveValue("");
    expect((await texts()).at(-1)).toBe("One\ntwo");
  });

  it("an input method's Enter does not send", async () => {
    open();
    const field = await box();
    fireEvent.change(field, { target: { value: "か" } });
    fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    expect(world.sent).toHaveLength(0);
  });

  it("sends and closes in one step", async () => {
    const { user } = open();
    await user.type(await box(), "All done");
    await user.click(screen.getByRole("button", { name: "Send and close" }));
    await waitFor(() => expect(world.sent[0]?.body.close).toBe(true));
    expect(await screen.findByRole("button", { name: "Reopen" })).toBeVisible();
  });

  it("counts characters and texts, and says why a text is short", async () => {
    const { user } = open();
    const field = await box();
    fireEvent.change(field, { target: { value: "a".repeat(161) } });
    expect(field).toHaveAccessibleDescription(/161 \/ 306 · 2 texts · GSM-7/);
    fireEvent.change(field, { target: { value: "Māori" } });
    expect(field).toHaveAccessibleDescription(/5 \/ 70 · 1 text · UCS-2/);
    await user.hover(screen.getByRole("button", { name: "UCS-2" }));
    expect(await screen.findByRole("tooltip")).toHaveTextContent("“ā” is outside the plain alphabet");
    fireEvent.change(field, { target: { value: "a".repeat(1601) } });
    expect(screen.getByRole("alert")).toHaveTextContent("1 character too many");
    expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  });

  it("says when a text has more parts than its line's provider takes", async () => {
    conversation.max_segments = 10;
    open();
    const field = await box();
    fireEvent.change(field, { target: { value: "a".repeat(1530) } });
    await waitFor(() => expect(screen.getByRole("button", { name: "Send" })).toBeEnabled());
    fireEvent.change(field, { target: { value: "a".repeat(1531) } });
    expect(screen.getByRole("alert")).toHaveTextContent("Too long: 11 texts, and this line takes 10");
    expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  });

  it("shows the text at once, keeps trying without a connection, and sends it once", async () => {
    world.nextSends.push(() => HttpResponse.error());
    const { user } = open();
    await user.type(await box(), "Hello?{Enter}");
    expect(await screen.findByText(/Waiting for the connection/)).toBeVisible();
    expect((await texts()).at(-1)).toBe("Hello?");
    act(() => void window.dispatchEvent(new Event("online")));
    await waitFor(() => expect(world.sent).toHaveLength(2));
    expect(world.sent[1]?.key).toBe(world.sent[0]?.key);
    await waitFor(() => expect(screen.queryByText(/Waiting for the connection/)).toBeNull());
    expect((await texts()).filter((text) => text === "Hello?")).toHaveLength(1);
  });

  it("an answer that got lost does not make a second message", async () => {
    world.nextSends.push(() => {
      const first = world.sent[0];
      if (first) world.accept(conversation.id, first.key, first.body);
      return HttpResponse.error();
    });
    const { user } = open();
    await user.type(await box(), "Only once{Enter}");
    await waitFor(() => expect(world.sent).not.toHaveLength(0));
    act(() => void window.dispatchEvent(new Event("online")));
    await waitFor(() => expect(screen.queryByText(/Waiting for the connection/)).toBeNull());
    expect((await texts()).filter((text) => text === "Only once")).toHaveLength(1);
    expect(world.messages.filter((message) => message.body === "Only once")).toHaveLength(1);
  });

  it("STATUS-REPLY-RACE: shows what was missed, keeps the text, and sends it anyway when told to", async () => {
    const { user } = open();
    // It arrives while the request is on its way.
    server.use(
      http.post("*/messages", () => void world.append(conversation, { body: "Wednesday works too", direction: "outbound", sent_by: byStaff(DANIEL) }), { once: true }),
    );
    await user.type(await box(), "Tuesday at 4{Enter}");
    const refusal = await screen.findByRole("alert");
    expect(refusal).toHaveTextContent("Not sent. Daniel Kim answered while you were writing.");
    expect(refusal).toHaveTextContent("Wednesday works too");
    expect(world.messages.some((message) => message.body === "Tuesday at 4")).toBe(false);

    await user.click(within(refusal).getByRole("button", { name: "Send anyway" }));
    await waitFor(() => expect(world.messages.some((message) => message.body === "Tuesday at 4")).toBe(true));
    expect(world.sent[1]?.body).not.toHaveProperty("seen_seq");
    expect(world.sent[1]?.key).not.toBe(world.sent[0]?.key);
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });

  it("a program that answered meanwhile does not pass for a colleague", async () => {
    const { user } = open();
    server.use(
      http.post("*/messages", () => void world.append(conversation, { body: "Class is on", direction: "outbound", sent_by: byKey("Help desk") }), { once: true }),
    );
    await user.type(await box(), "Tuesday at 4{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("Not sent. Help desk (integration) answered while you were writing.");
  });

  it("a refused text goes back into the box for editing, in front of what is there", async () => {
    const check = aCheck({ allowed: false, reason: "opted_out", instances: [anInstance({ owner_name: "Jones family", state: "opted_out", blocks: true })] });
    world.nextSends.push(() => problem(409, "/problems/not-allowed-to-text", "No", { check }));
    const { user } = open();
    await user.type(await box(), "Hello{Enter}");
    const refusal = await screen.findByRole("alert");
    expect(refusal).toHaveTextContent("Jones family opted out");
    expect(within(refusal).queryByRole("button", { name: "Send anyway" })).toBeNull();
    await user.type(await box(), "again");
    await user.click(within(refusal).getByRole("button", { name: "Edit" }));
    expect(await box()).toHaveValue("Hello\nagain");
  });

  it("a draft survives a reload and everything that is fetched again", async () => {
    const { user } = open();
    await user.type(await box(), "Not yet fin");
    act(() => {
      FakeEventSource.emit("resync");
    });
    await waitFor(() => expect(world.requests.filter((request) => request === `GET /api/v1/conversations/${conversation.id}`).length).toBeGreaterThan(1));
    expect(await box()).toHaveValue("Not yet fin");
    reloadDrafts();
    expect(await box()).toHaveValue("Not yet fin");
    expect(window.localStorage.getItem(window.localStorage.key(0) ?? "")).toBe("Not yet fin");
  });

  it("PERM-SEND: without Mass Text it says which permission is missing", async () => {
    world.me = aPerson({ permissions: ["sms_logs"] });
    open();
    expect(await screen.findByRole("note", { name: "Why you can't send" })).toHaveTextContent("Sending needs the Mass Text permission.");
    expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
  });

  it("OPTIN-STOP: says that the number is stopped and keeps the draft in sight", async () => {
    const { user } = open();
    await user.type(await box(), "Half a sentence");
    Object.assign(conversation, { opt_in_check: aCheck({ allowed: false, reason: "stopped", stopped_at: "2026-05-03T15:00:00Z" }) });
    act(() => world.announceRow(conversation));
    const note = await screen.findByRole("note", { name: "Why you can't send" });
    expect(note).toHaveTextContent("texted STOP on May 3");
    expect(note).toHaveTextContent("Your draft is kept: Half a sentence");
  });

  it("OPTIN-PLAIN-WORDS: a request to stop in plain words is flagged, and one click opts every record out", async () => {
    conversation.opt_in_check = aCheck({ instances: [anInstance({ owner_name: "Smith family" }), anInstance({ owner_name: "Jones family" })] });
    world.append(conversation, { body: "please don't text me any more", asks_to_stop: true });
    const { user } = open();
    expect(await screen.findByText("This sounds like a request to stop texting.")).toBeVisible();
    expect(world.optIns).toHaveLength(0);
    await user.click(screen.getByRole("button", { name: "Opt out" }));
    await waitFor(() => expect(world.optIns).toHaveLength(2));
    expect(world.optIns[0]?.change).toMatchObject({ state: "opted_out", source: "staff", wording: "please don't text me any more" });
    expect(await screen.findByRole("note", { name: "Why you can't send" })).toHaveTextContent("opted out");
    expect(screen.queryByText("This sounds like a request to stop texting.")).toBeNull();
  });

  it("a failed message can be sent again, once", async () => {
    const failed = world.append(conversation, { direction: "outbound", body: "See you", status: "failed", error: { code: "30005", title: "Unreachable" } });
    server.use(
      http.post("*/messages/:id/retry", () =>
        HttpResponse.json(world.append(conversation, { direction: "outbound", body: "See you", status: "queued", retry_of_message_id: failed.id }), { status: 201 }),
      ),
    );
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Send again" }));
    expect(await screen.findByRole("button", { name: "Waiting to send" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
  });

  it("NZ-NOTICE: stands above the box", async () => {
    conversation.notice = "Carriers serving New Zealand apply a standard fee.";
    open();
    expect(await screen.findByText("Carriers serving New Zealand apply a standard fee.")).toBeVisible();
  });
});
