import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aConversation, DANIEL, MARIA } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;

beforeEach(() => {
  world = new World().install();
});

const list = () => screen.findByRole("list", { name: "Conversations" });
const names = async () => (await screen.findAllByRole("link", { name: /family/ })).map((row) => /\w+ family/.exec(row.textContent)?.[0]);

describe("filters", () => {
  it("ASSIGN, NOT-SENT, REMIND: chips and tabs narrow the list, and are in the address", async () => {
    world.add(aConversation({ display_name: "Ours family", assignee: MARIA }), [{ body: "A" }]);
    world.add(aConversation({ display_name: "Other family", assignee: DANIEL, not_sent: 1 }), [{ body: "B" }]);
    const reminder = { at: "2030-01-01T15:00:00Z", unless_answered: false, set_by: null, due: false };
    world.add(aConversation({ display_name: "Later family", reminder }), [{ body: "C" }]);
    const { user, address } = renderApp("/messenger");

    await user.click(await screen.findByRole("link", { name: /^Mine/ }));
    await waitFor(async () => expect(await names()).toEqual(["Ours family"]));
    expect(address()).toContain("assignee=me");
    await user.click(screen.getByRole("link", { name: /^Mine/ }));
    await user.click(await screen.findByRole("link", { name: "Not sent 1" }));
    await waitFor(async () => expect(await names()).toEqual(["Other family"]));
    expect(within(await list()).getByText("1 text not sent")).toBeInTheDocument();
    await user.click(screen.getByRole("link", { name: /^Not sent/ }));
    await user.click(screen.getByRole("link", { name: "Later 1" }));
    await waitFor(async () => expect(await names()).toEqual(["Later family"]));
    expect(within(await list()).getByText(/^Until /)).toBeVisible();
  });

  it("an empty list says which filter leaves nothing, and the way back", async () => {
    world.add(aConversation({ display_name: "Other family" }), [{ body: "B" }]);
    const { user, address } = renderApp("/messenger?status=open&assignee=me");
    expect(await screen.findByText("No open conversations are yours.")).toBeVisible();
    await user.click(screen.getByRole("link", { name: "Remove the filters" }));
    expect(await names()).toEqual(["Other family"]);
    expect(address()).not.toContain("assignee");
  });
});

describe("acts on several", () => {
  it("x and Shift+x select, one request closes, what has a new text stays, and Undo takes it back", async () => {
    for (const name of ["First", "Second", "Third"]) world.add(aConversation({ display_name: `${name} family` }), [{ body: name }]);
    const { user } = renderApp("/messenger");
    const rows = within(await list());
    await screen.findByRole("link", { name: /^Mine/ });
    rows.getAllByRole("link")[0]?.focus();
    await user.keyboard("x");
    rows.getAllByRole("link")[2]?.focus();
    await user.keyboard("X");
    expect(await screen.findByText("3 selected")).toBeVisible();
    const late = world.conversations[1];
    if (late) late.last_seq += 1;
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(await screen.findByText("2 conversations closed; 1 has a new text and stays")).toBeVisible();
    expect(world.bulk).toHaveLength(1);
    expect(world.conversations.map(({ status }) => status)).toEqual(["closed", "open", "closed"]);
    expect(screen.queryByText("3 selected")).toBeNull();
    await user.click(screen.getByRole("button", { name: /^Undo/ }));
    expect(await screen.findByText("3 conversations as before")).toBeVisible();
  });
});
