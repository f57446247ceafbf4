/** A sandbox line: it says what it does, has no credentials, and shows its test numbers. Its conversations are marked. */
import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aConversation, aLine, anId, aPerson } from "@/testing/builders";
import { PROVIDERS } from "@/testing/providers";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

const SANDBOX = PROVIDERS.find(({ id }) => id === "sandbox");

describe("adding a sandbox line", () => {
  it("offers the numbers of nobody, asks for no credentials, and shows what each test number does", async () => {
    world.lines = [];
    const { user } = renderApp("/administration?tab=lines");
    await user.click(await screen.findByRole("button", { name: "Add a line" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Add a line" }));
    expect(dialog.queryByText(/texts only test numbers/)).toBeNull();
    await user.selectOptions(dialog.getByLabelText("Provider"), "Sandbox (test numbers only)");
    expect(dialog.getByText(/texts only test numbers/)).toBeVisible();
    expect(dialog.queryByText(/^Credentials/)).toBeNull();
    expect(dialog.queryByLabelText("Country")).toBeNull();
    await user.type(dialog.getByLabelText("Name"), "Tests");
    await user.selectOptions(dialog.getByLabelText("Number"), "(785) 555-0191");
    await user.click(dialog.getByRole("button", { name: "Add" }));
    const numbers = within(await screen.findByRole("group", { name: "Test numbers of Tests" }));
    expect(world.changes).toMatchObject([
      { path: "/lines", body: { label: "Tests", phone_number: "+17855550191", kind: "long_code", country: "US", provider: "sandbox", credentials: {} } },
    ]);
    expect(numbers.getAllByRole("rowheader")).toHaveLength(SANDBOX?.test_numbers.length ?? 0);
    expect(numbers.getByRole("row", { name: /^\(785\) 555-0116 Delivered; then the phone texts STOP\.$/ })).toBeVisible();
    expect(screen.queryByLabelText("Address for texts")).toBeNull();
  });

  it("is marked, has no prices and is no default", async () => {
    world.lines = [aLine(), aLine({ id: anId(), label: "Tests", phone_number: "+17855550190", provider: "sandbox" })];
    renderApp("/administration?tab=lines");
    const list = within(await screen.findByRole("list", { name: "Lines" }));
    expect(await list.findAllByText("Test")).toHaveLength(1);
    expect(list.getByRole("button", { name: "Prices of Front desk" })).toBeVisible();
    expect(list.queryByRole("button", { name: "Prices of Tests" })).toBeNull();
    expect(screen.queryByRole("region", { name: "Default lines" })).toBeNull();
  });
});

describe("a conversation on a sandbox line", () => {
  it("is marked in the list and in its header, and no other is", async () => {
    const line = { id: anId(), label: "Tests", sandbox: true };
    const test = aConversation({ display_name: "Try family", line });
    const real = aConversation({ id: anId(), display_name: "Smith family" });
    world.conversations = [test, real];
    renderApp(`/messenger/${test.id}`);
    const header = await screen.findByRole("heading", { level: 2, name: /Try family/ });
    expect(within(header).getByText("Test")).toBeVisible();
    const list = within(await screen.findByRole("list", { name: "Conversations" }));
    const rowOf = async (name: string) => within(await list.findByRole("link", { name: new RegExp(name) }));
    expect((await rowOf("Try family")).getByText("Test")).toBeVisible();
    expect((await rowOf("Smith family")).queryByText("Test")).toBeNull();
  });
});
