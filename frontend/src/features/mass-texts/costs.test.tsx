/** COST: what mass texts and texts are expected to cost and have cost, and that the credits run low. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aPreview, aBroadcast, aSentBroadcast } from "@/testing/broadcasts-world";
import { aConversation, aPerson } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";
import { ownerKey } from "@/api/session";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

const usd = (amount: string) => ({ amount, currency: "USD" });
/** What stands beside a name in a list of facts. */
const fact = (name: string) => screen.getByText(name, { selector: "dt" }).nextElementSibling;
const asked = (path: string) => world.requests.filter((each) => each.includes(path)).length;

describe("a mass text", () => {
  it("MASS-PREVIEW the preview and the last look say what it will cost, and what has no price", async () => {
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({ costs: [usd("3.318")], without_price: 2 });
    const { user } = renderApp(`/mass-texts/${draft.id}`);
    await screen.findByText("42 numbers get it");
    expect(fact("Cost")).toHaveTextContent("About $3.318; 2 texts have no price. Set prices");
    await user.click(screen.getByRole("button", { name: "Review and send…" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Send “Snow day”?" }));
    expect(await dialog.findByText("About $3.318; 2 texts have no price")).toBeVisible();

    world.massTexts.refusals.push(() => problem(409, "/problems/no-credits", "No credits", { detail: "This costs about 3.318 USD, and 1.00 USD of credits are left.", balance: "1.00", needed: "3.318", currency: "USD" }));
    await user.click(dialog.getByRole("button", { name: "Send to 42 numbers" }));
    expect(await dialog.findByText("Not sent. This costs about 3.318 USD, and 1.00 USD of credits are left.")).toBeVisible();
    expect(dialog.getByRole("link", { name: "Add credits" })).toHaveAttribute("href", "/administration?tab=usage");
  });

  it("without a price it says so, not 0", async () => {
    world.me = aPerson({ permissions: ["sms_logs", "mass_text"] });
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    renderApp(`/mass-texts/${draft.id}`);
    await screen.findByText("42 numbers get it");
    expect(fact("Cost")?.textContent).toBe("Not known: no price is set");
  });

  it("that stopped for want of credits says how it goes on, with the estimate and the cost so far", async () => {
    const stopped = aSentBroadcast({
      state: "paused", pause_reason: "no_credits", finished_at: null, counts: { delivered: 30, waiting: 12 }, reasons: [],
      estimate: { costs: [usd("0.3318")], without_price: 0 },
    });
    world.massTexts.broadcasts = [stopped];
    world.massTexts.cost = { texts: 30, segments: 30, picture_texts: 0, failed: 0, costs: [usd("0.237")], by_provider: 10, without_cost: 1 };
    renderApp(`/mass-texts/${stopped.id}`);
    expect(await screen.findByText(/the credits don’t cover the next texts/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Add credits" })).toHaveAttribute("href", "/administration?tab=usage");
    expect(screen.getByRole("button", { name: "Resume" })).toBeVisible();
    expect(fact("Estimate")).toHaveTextContent("About $0.3318");
    await waitFor(() => expect(fact("Cost")).toHaveTextContent("$0.237, and 1 of unknown cost"));
  });
});

it("a text's details say what it cost and who says so", async () => {
  const conversation = world.add(aConversation(), [
    { direction: "outbound", body: "See you", status: "failed" },
    { direction: "outbound", body: "Bye" },
  ]);
  const last = world.messages.find(({ body }) => body === "Bye");
  if (last) world.costs.set(last.id, { ...usd("0.0079"), source: "provider" });
  const { user } = renderApp(`/messenger/${conversation.id}`);
  for (const [state, said] of [["Delivered", "It cost $0.0079, as the provider says."], ["Not sent", "It cost nothing."]] as const) {
    await user.click(await screen.findByRole("button", { name: state }));
    const dialog = await screen.findByRole("dialog");
    await waitFor(() => expect(dialog).toHaveTextContent(said));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  }
});

describe("low credits", () => {
  const low = { is_on: true, currency: "USD", balance: "4.50", low_below: "5.00", standing: "low", low_since: "2026-11-24T09:00:00Z" } as const;

  it("are not told again when the app is opened anew, and used up is another crossing", async () => {
    world.team.credits = low;
    if (world.me) window.localStorage.setItem(`credits-told:${ownerKey(world.me)}`, `${low.low_since} low`);
    renderApp("/mass-texts");
    await waitFor(() => expect(asked("/credits")).toBeGreaterThan(0));
    await screen.findByRole("heading", { name: "Mass texts" });
    expect(screen.queryByText(/credits are low/)).toBeNull();

    world.team.credits = { ...low, balance: "0.00", standing: "used_up" };
    FakeEventSource.emit("credits");
    expect(await screen.findByText("The credits are used up. No text leaves.")).toBeVisible();
  });

  it("are told once a crossing when an event says so, without asking again and again", async () => {
    world.team.credits = { ...low, balance: "9.00", standing: "enough", low_since: null };
    renderApp("/mass-texts");
    await screen.findByRole("heading", { name: "Mass texts" });
    await waitFor(() => expect(asked("/credits")).toBeGreaterThan(0));
    expect(screen.queryByText(/credits are low/)).toBeNull();

    world.team.credits = low;
    FakeEventSource.emit("credits");
    expect(await screen.findByText("The credits are low: $4.50 left.")).toBeVisible();
    expect(screen.getByRole("button", { name: /Look at it/ })).toBeVisible();
  });

  it("are nothing that others are asked about", async () => {
    world.me = aPerson({ permissions: ["sms_logs", "mass_text"] });
    renderApp("/mass-texts");
    await screen.findByRole("heading", { name: "Mass texts" });
    FakeEventSource.emit("credits");
    await waitFor(() => expect(asked("/broadcasts")).toBeGreaterThan(0));
    expect(asked("/credits")).toBe(0);
  });
});
