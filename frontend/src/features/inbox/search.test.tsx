/** SEARCH-CONTENT, SEARCH-HOW: looking for what was said, as a person at the desk does. */
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import type { ConversationDetail } from "@/api/types";
import { aConversation, aHolder, minutesAgo } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";

let world: World;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(aConversation({ display_name: "Smith family", holders: [aHolder({ contact_name: "Maya Smith" })], seen_seq: 2 }), [
    { body: "Is the tumbling class on?", created_at: minutesAgo(30) },
    { body: "Tumbling is at 5:30 today", direction: "outbound", created_at: minutesAgo(20) },
  ]);
});

const box = () => screen.findByRole("searchbox", { name: "Search messages" });
const results = async () => within(await screen.findByRole("list", { name: "Search results" })).getAllByRole("link");
const searches = () => world.requests.filter((request) => request.includes("/messages/search"));

describe("searching messages", () => {
  it("/ goes to the box, and what is typed shows what was said, newest first, marked", async () => {
    const { user, address } = renderApp("/messenger");
    await screen.findByRole("list", { name: "Conversations" });
    await user.keyboard("/");
    expect(await box()).toHaveFocus();
    await user.keyboard("tumb");
    const [newest, older] = await results();
    expect(address()).toBe("/messenger?q=tumb");
    expect(newest).toHaveTextContent(/Smith family · Maya.*You: Tumbling is at 5:30 today/);
    expect(older).toHaveTextContent("Is the tumbling class on?");
    expect(within(older as HTMLElement).getByText("tumb").tagName).toBe("MARK");
    expect(screen.getByText("2 messages, newest first")).toBeVisible();
    expect(screen.queryByRole("list", { name: "Conversations" })).toBeNull();
  });

  it("keeps a quotation in the address as it was typed", async () => {
    renderApp(`/messenger?q=${encodeURIComponent(JSON.stringify('"is at'))}`);
    expect(await box()).toHaveValue('"is at');
  });

  it("a result opens its thread at that message, and the results stay", async () => {
    const { user, address } = renderApp("/messenger?q=class");
    const [only] = await results();
    await user.click(only as HTMLElement);
    expect(address()).toBe(`/messenger/${conversation.id}?q=class&seq=1`);
    expect(await within(await screen.findByRole("log", { name: "Messages" })).findByText("Is the tumbling class on?")).toHaveClass("motion-safe:animate-found");
    expect((await results())[0]).toHaveAttribute("aria-current");
    expect(world.requests.some((request) => request.includes("around=1"))).toBe(true);
  });

  it("Escape empties the box and brings the list back", async () => {
    const { user, address } = renderApp("/messenger?q=class");
    await results();
    await user.click(await box());
    await user.keyboard("{Escape}");
    expect(await screen.findByRole("list", { name: "Conversations" })).toBeVisible();
    expect(address()).toBe("/messenger");
    expect(await box()).toHaveValue("");
  });

  it("an empty result says what is searched, and takes what was typed to Families and Staff", async () => {
    renderApp("/messenger?q=Rivera");
    expect(await screen.findByText("No message says “Rivera”")).toBeVisible();
    expect(screen.getByText(/Only what messages say is searched here/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Search Families for it" })).toHaveAttribute("href", "/families?q=Rivera");
    expect(screen.getByRole("link", { name: "Search Staff for it" })).toHaveAttribute("href", "/staff?q=Rivera");
  });

  it("asks for a second letter before it searches", async () => {
    renderApp("/messenger?q=t");
    expect(await screen.findByText("Keep typing")).toBeVisible();
    expect(searches()).toEqual([]);
  });

  it("what arrives meanwhile moves no result", async () => {
    renderApp("/messenger?q=class");
    await results();
    const asked = searches().length;
    act(() => void world.receive(conversation, "Which class?"));
    await waitFor(() => expect(document.title).toMatch(/^\(1\)/));
    expect(searches()).toHaveLength(asked);
    expect(await results()).toHaveLength(1);
  });

  it("loads further results before the last one is reached", async () => {
    for (let index = 0; index < 60; index += 1) world.append(conversation, { body: `lesson ${index}`, created_at: minutesAgo(1_000 + index) });
    renderApp("/messenger?q=lesson");
    await results();
    expect(searches().at(-1)).not.toContain("cursor");
    const scroller = screen.getByRole("list", { name: "Search results" }).parentElement;
    if (scroller) fireEvent.scroll(scroller, { target: { scrollTop: 2_400 } });
    expect(await screen.findByText("60 messages, newest first")).toBeVisible();
    expect(searches().at(-1)).toContain("cursor=");
  });

  it("a search that takes too long says what to do, and is not tried again", async () => {
    const detail = "Search for something more specific: a rarer word, or a longer one.";
    world.nextSearches.push(() => problem(422, "/problems/search-too-broad", "This search takes too long", { detail }));
    renderApp("/messenger?q=class");
    expect(await screen.findByText("This search takes too long")).toBeVisible();
    expect(screen.getByText(detail)).toBeVisible();
  });

  it("says what went wrong, and tries again", async () => {
    world.nextSearches.push(() => problem(500, "about:blank", "Oops"));
    const { user } = renderApp("/messenger?q=class");
    expect(await screen.findByText("The search didn't work")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await results()).toHaveLength(1);
  });
});
