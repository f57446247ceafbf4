/** The section Notifications under Account, and what an open page tells of. */
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { aConversation, aHolder, aPerson, aSession } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";
import { aBrowser, PushBrowser } from "@/testing/notifications-world";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
let browser: PushBrowser | undefined;
beforeEach(() => {
  world = new World().install();
});
afterEach(() => {
  browser?.remove();
  browser = undefined;
});

const section = async () => within(await screen.findByRole("region", { name: "Notifications" }));

/** What this browser keeps for the person. */
const kept = () => window.localStorage.getItem(Object.keys(window.localStorage).find((key) => key.endsWith("preferences")) ?? "");

describe("this browser", () => {
  it("is turned on, tested and turned off, with Undo", async () => {
    browser = new PushBrowser();
    const { user } = renderApp("/account");
    const here = await section();
    await user.click(await here.findByRole("button", { name: "Turn on" }));
    expect(await here.findByText("Also while the Messenger is closed.")).toBeVisible();
    expect(world.notifications.endpoints).toEqual([browser.subscription?.endpoint]);

    await user.click(await here.findByRole("button", { name: "Send a test" }));
    expect(await screen.findByText("A test is on its way. It shows within seconds.")).toBeVisible();
    expect(world.notifications.tested).toEqual(world.notifications.browsers.map(({ id }) => id));

    await user.click(here.getByRole("button", { name: "Turn off" }));
    expect(await here.findByRole("button", { name: "Turn on" })).toBeVisible();
    expect(world.notifications.browsers).toEqual([]);
    expect(browser.subscription).toBeNull();

    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await here.findByText("Also while the Messenger is closed.")).toBeVisible();
    expect(world.notifications.browsers).toHaveLength(1);
  });

  it("says what to do where it is blocked, closed without an answer, or cannot", async () => {
    browser = new PushBrowser();
    browser.answer = "default";
    const { user } = renderApp("/account");
    const here = await section();
    await user.click(await here.findByRole("button", { name: "Turn on" }));
    expect(await here.findByText(/closed without an answer/)).toBeVisible();
    browser.answer = "denied";
    await user.click(here.getByRole("button", { name: "Turn on" }));
    expect(await here.findByText(/This browser blocks notifications/)).toBeVisible();
    expect(here.queryByRole("button", { name: "Turn on" })).toBeNull();
    expect(world.notifications.endpoints).toEqual([]);
  });

  it("is an iPhone that needs the app on its Home Screen first", async () => {
    const agent = vi.spyOn(navigator, "userAgent", "get").mockReturnValue("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)");
    const inTab = { matches: false, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as MediaQueryList;
    const media = vi.spyOn(window, "matchMedia").mockReturnValue(inTab);
    renderApp("/account");
    expect(await (await section()).findByText(/put the Messenger on your Home Screen/)).toBeVisible();
    agent.mockRestore();
    media.mockRestore();
  });

  it("shows them only in an open page where there is no push", async () => {
    browser = new PushBrowser({ hasPush: false });
    const { user } = renderApp("/account");
    const here = await section();
    await user.click(await here.findByRole("button", { name: "Turn on" }));
    expect(await here.findByText(/Only while the Messenger is open/)).toBeVisible();
    expect(here.queryByRole("button", { name: "Send a test" })).toBeNull();
  });

  it("subscribes again after a new sign-in, and not once it was removed elsewhere", async () => {
    browser = new PushBrowser();
    const { user } = renderApp("/account");
    await user.click(await (await section()).findByRole("button", { name: "Turn on" }));
    await waitFor(() => expect(kept()).toContain("pushSession"));
    cleanup();

    // The session has ended, and with it the subscription.
    world.notifications.browsers = [];
    world.sessions = [aSession({ is_current: true })];
    renderApp("/account");
    await waitFor(() => expect(world.notifications.endpoints).toHaveLength(2));
    expect(await (await section()).findByText("Also while the Messenger is closed.")).toBeVisible();
    await waitFor(() => expect(kept()).toContain(world.sessions[0]?.id));
    cleanup();

    world.notifications.browsers = [];
    renderApp("/account");
    expect(await (await section()).findByText("This browser shows no notifications")).toBeVisible();
    expect(world.notifications.endpoints).toHaveLength(2);
    expect(browser.subscription).toBeNull();
  });
});

describe("what is told", () => {
  it("is chosen, and saved at once", async () => {
    const { user } = renderApp("/account");
    const here = await section();
    await user.click(await here.findByRole("radio", { name: "What is mine" }));
    await user.click(here.getByRole("checkbox", { name: "With the first words of the text" }));
    await user.click(here.getByRole("checkbox", { name: "Not during quiet hours" }));
    const from = await here.findByLabelText("From");
    expect(from).toHaveValue("20:00");
    fireEvent.change(from, { target: { value: "21:30" } });
    fireEvent.blur(from);
    await waitFor(() =>
      expect(world.notifications.settings).toMatchObject({
        scope: "mine", sound: true, shows_text: false, quiet_hours: { since: "21:30", until: "07:00" },
      }),
    );
  });

  it("stays as it was where it could not be saved", async () => {
    server.use(http.put("*/api/v1/me/notifications", () => problem(503, "/problems/unavailable", "Unavailable")));
    const { user } = renderApp("/account");
    const here = await section();
    await user.click(await here.findByRole("radio", { name: "Nothing" }));
    expect(await here.findByRole("alert")).toHaveTextContent(/^Not saved/);
    await waitFor(() => expect(here.getByRole("radio", { name: "Everything" })).toBeChecked());
  });

  it("PERM-VIEW: is not there without SMS Logs", async () => {
    world.me = aPerson({ permissions: [] });
    renderApp("/account");
    expect(await screen.findByRole("heading", { name: "Change password" })).toBeVisible();
    expect(screen.queryByRole("region", { name: "Notifications" })).toBeNull();
  });

  it("comes in other browsers too, which can be removed", async () => {
    world.notifications.browsers = [aBrowser({ device: "Safari on iPhone" })];
    const { user } = renderApp("/account");
    const list = within(await screen.findByRole("list", { name: "Your other browsers that show them" }));
    await user.click(list.getByRole("button", { name: /^Remove Safari on iPhone/ }));
    expect(await screen.findByText(/^Safari on iPhone shows no notifications any more/)).toBeVisible();
    expect(world.notifications.browsers).toEqual([]);
    expect(screen.getByRole("heading", { name: "Notifications" })).toHaveFocus();
  });
});

describe("an open page", () => {
  function castillo() {
    return world.add(aConversation({ display_name: "Castillo family", holders: [aHolder({ name: "Castillo family" })], status: "open" }));
  }

  async function turnedOn(hasPush: boolean) {
    browser = new PushBrowser({ hasPush, permission: "granted" });
    const { user } = renderApp("/account");
    await user.click(await (await section()).findByRole("button", { name: "Turn on" }));
    await (await section()).findByText(hasPush ? /^Also while/ : /^Only while/);
    await waitFor(() => expect(FakeEventSource.current.readyState).toBe(1));
    vi.spyOn(document, "hasFocus").mockReturnValue(false);
  }

  it("shows a new text by its row, without a request for the list", async () => {
    const conversation = castillo();
    await turnedOn(false);
    // The code of alerts is fetched once they are on.
    await waitFor(() => {
      conversation.status = "unread";
      world.announce(world.append(conversation, { body: "Is class on today?", direction: "inbound", created_at: new Date().toISOString() }));
      expect(browser?.shown.at(-1)).toEqual({ title: "Castillo family", body: "Is class on today?" });
    });
    expect(world.requests.filter((each) => each.includes("/conversations"))).toEqual([]);
  });

  it("shows nothing that the service pushes", async () => {
    const conversation = castillo();
    await turnedOn(true);
    conversation.status = "unread";
    world.announce(world.append(conversation, { body: "Hello", direction: "inbound", created_at: new Date().toISOString() }));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(browser?.shown).toEqual([]);
  });
});
