/** Closing one conversation, and one on a phone. */
import { act, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { http } from "msw";

import { aConversation, aHolder, aPerson, minutesAgo } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { setViewportWidth } from "@/testing/setup";
import { World } from "@/testing/world";
import type { ConversationDetail } from "@/api/types";

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

describe("closing", () => {
  it("FOCUS: closes with e from the list, and Undo stands where it was closed", async () => {
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(within(screen.getByRole("list", { name: "Conversations" })).getByRole("link")).toHaveFocus());
    await user.keyboard("e");
    expect(await screen.findByText("Closed: Smith family")).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Undo/ }));
    expect(await screen.findByRole("button", { name: /^Close/ })).toBeVisible();
    await waitFor(() => expect(world.conversations[0]?.status).toBe("open"));
  });

  it("FOCUS: what is typed in a thread goes into the composer and does nothing else", async () => {
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    expect(document.body).toHaveFocus();
    await user.keyboard("Yes, see you at 6?");
    expect(await box()).toHaveFocus();
    expect(await box()).toHaveValue("Yes, see you at 6?");
    expect(world.conversations[0]?.status).toBe("open");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  describe("FOCUS: Enter before the thread is shown", () => {
    let show: () => void;
    beforeEach(() => {
      const shown = new Promise<void>((done) => (show = done));
      server.use(http.get("*/conversations/:id/thread", async () => await shown, { once: true }));
    });

    it("sends the text once it is", async () => {
      const { user } = open();
      await user.type(await box(), "Of course!{Enter}");
      expect(await box()).toHaveValue("Of course!");
      show();
      await within(await log()).findByText("Of course!");
      expect(await box()).toHaveValue("");
    });

    it("sends nothing that is typed on", async () => {
      const { user } = open();
      await user.type(await box(), "Of course!{Enter} But");
      show();
      await within(await log()).findByText("Hi, Leo has a fever");
      expect(await box()).toHaveValue("Of course! But");
    });

    it("keeps the text when another came in meanwhile, and says so", async () => {
      const { user } = open();
      await screen.findByRole("heading", { name: /Smith family/ });
      await waitFor(() => expect(FakeEventSource.current.readyState).toBe(1));
      await user.type(await box(), "Of course!{Enter}");
      act(() => void world.receive(conversation, "He is better now"));
      show();
      expect(await screen.findByText("A text came in meanwhile. Read it, then send yours.")).toBeVisible();
      expect(await box()).toHaveValue("Of course!");
    });
  });

  it("STATUS-CLOSE-RACE: a message that came in meanwhile is shown and nothing closes", async () => {
    const { user } = open();
    await waitFor(() => expect(world.viewing).toHaveLength(1));
    // It arrives while the request is on its way.
    server.use(http.post("*/close", () => void world.append(conversation, { body: "One more thing" }), { once: true }));
    await user.click(screen.getByRole("button", { name: /^Close/ }));
    const dialog = await screen.findByRole("dialog", { name: "Not closed: something came in" });
    expect(dialog).toHaveTextContent("One more thing");
    expect(conversation.status).toBe("open");
    await user.click(within(dialog).getByRole("button", { name: "Keep it open" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(conversation.status).toBe("open");
  });

  it("typing an e closes nothing", async () => {
    const { user } = open();
    await user.type(await box(), "see you");
    expect(conversation.status).toBe("open");
  });
});

describe("a phone", () => {
  it("shows list and thread in turns, with the unread count on the way back", async () => {
    setViewportWidth(390);
    world.add(aConversation({ display_name: "Okafor family", status: "unread", unread_messages: 2 }));
    const { user, address } = open();
    await user.click(await screen.findByRole("button", { name: "Back to the list, 2 unread messages" }));
    expect(address()).toBe("/messenger");
  });

  it("ERASE: an administrator erases the number, by typing it and with a reason", async () => {
    setViewportWidth(390);
    world.me = aPerson({ is_admin: true });
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Details" }));
    await user.click(await screen.findByRole("button", { name: "Erase this number…" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Erase (312) 555-0101" }));
    const erase = dialog.getByRole("button", { name: "Erase for ever" });
    await user.type(dialog.getByLabelText("Reason"), "Asked by letter");
    await user.type(dialog.getByLabelText("Type the number to confirm"), "312 555 010");
    expect(erase).toBeDisabled();
    await user.type(dialog.getByLabelText("Type the number to confirm"), "1");
    await user.click(erase);
    expect(await dialog.findByText("2 texts are erased. Its refusal to be texted stays.")).toBeVisible();
    expect(world.changes).toEqual([{ path: "/phone-numbers/+13125550101/erase", body: { reason: "Asked by letter" } }]);
    await user.click(dialog.getByRole("button", { name: "Done" }));
    expect(await screen.findByText("Its number and texts are deleted")).toBeInTheDocument();
    for (const name of ["Erase this number…", "Reopen"]) expect(screen.queryByRole("button", { name })).toBeNull();
  });

  it("ERASE: nobody else can", async () => {
    setViewportWidth(390);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Details" }));
    expect(await screen.findByRole("dialog", { name: "Details" })).toHaveTextContent("Smith family is opted in.");
    expect(screen.queryByRole("button", { name: "Erase this number…" })).toBeNull();
  });

  it("ERASE: an erased text is a mark", async () => {
    world.append(conversation, { body: "", erased_at: minutesAgo(1) });
    open();
    expect(await within(await log()).findByText("This text was erased.")).toBeVisible();
  });

  it("shows the details in a sheet", async () => {
    setViewportWidth(390);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Details" }));
    expect(await screen.findByRole("dialog", { name: "Details" })).toHaveTextContent("Smith family is opted in.");
  });
});
