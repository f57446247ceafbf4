/** HOOK: administrators see where events are posted to, and what became of them. */
import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, expect, it } from "vitest";

import { aPerson, aServiceStatus, minutesAgo } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { aWebhookDelivery, aWebhookEndpoint } from "@/testing/webhooks-handlers";
import { problem, World } from "@/testing/world";

const PAGE = "/administration?tab=webhooks";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

it("a new endpoint gets the chosen events, and its secret is shown once", async () => {
  const { user } = renderApp(PAGE);
  expect(await screen.findByText("No endpoints yet")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "New endpoint" }));
  await user.type(await screen.findByLabelText("Address"), "https://crm.example/hooks");
  await user.click(screen.getByRole("radio", { name: "These events" }));
  expect(screen.getByRole("button", { name: "Create" })).toBeDisabled();
  await user.click(screen.getByRole("checkbox", { name: "A text arrived" }));
  await user.click(screen.getByRole("button", { name: "Create" }));
  expect(await screen.findByText("whsec_the-whole-secret")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(await navigator.clipboard.readText()).toBe("whsec_the-whole-secret");
  await user.click(screen.getByRole("button", { name: "Done" }));
  expect(screen.queryByText("whsec_the-whole-secret")).toBeNull();
  expect(await screen.findByText(/^A text arrived · nothing delivered yet/)).toBeVisible();
  expect(world.changes).toEqual([
    { path: "/webhook-endpoints", body: { url: "https://crm.example/hooks", description: "", event_types: ["message.received"], enabled: true } },
  ]);
});

it("an address that is refused says why beside it", async () => {
  const errors = [{ pointer: "/url", detail: "10.0.0.1 is not on the public internet." }];
  server.use(http.post("/api/v1/webhook-endpoints", () => problem(422, "/problems/validation", "Not valid", { errors })));
  const { user } = renderApp(PAGE);
  await user.click(await screen.findByRole("button", { name: "New endpoint" }));
  await user.type(await screen.findByLabelText("Address"), "https://10.0.0.1/");
  await user.click(screen.getByRole("button", { name: "Create" }));
  expect(await screen.findByText("10.0.0.1 is not on the public internet.")).toBeVisible();
  expect(screen.getByLabelText("Address")).toBeInvalid();
});

it("one that was switched off says why, and is switched on", async () => {
  world.webhookEndpoints.push(aWebhookEndpoint({ enabled: false, disabled_reason: "failing", disabled_at: minutesAgo(60), pending_deliveries: 7 }));
  const { user } = renderApp(PAGE);
  expect(await screen.findByText(/every attempt of three days failed/)).toBeVisible();
  expect(screen.getByText(/7 waiting/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Switch on https://crm.example/hooks" }));
  await waitFor(() => expect(screen.queryByText(/every attempt of three days failed/)).toBeNull());
  expect(world.changes).toEqual([{ path: "/webhook-endpoints/:id", body: { enabled: true } }]);
});

it("a test shows its result", async () => {
  world.webhookEndpoints.push(aWebhookEndpoint());
  world.webhookTest = { ...world.webhookTest, status: 500, error: "It answered 500.", response_excerpt: "No" };
  const { user } = renderApp(PAGE);
  await user.click(await screen.findByRole("button", { name: "Send a test to https://crm.example/hooks" }));
  expect(await screen.findByText(/The test failed\. It answered 500\. \(42 ms\)/)).toBeVisible();
});

it("the secret is rotated, and the old one signs for a day", async () => {
  world.webhookEndpoints.push(aWebhookEndpoint());
  const { user } = renderApp(PAGE);
  await user.click(await screen.findByRole("button", { name: "Rotate secret of https://crm.example/hooks" }));
  await user.click(await screen.findByRole("button", { name: "Make the new secret" }));
  expect(await screen.findByText("whsec_the-new-secret")).toBeVisible();
  expect(world.changes).toEqual([{ path: "/webhook-endpoints/:id/rotate", body: { overlap_hours: 24 } }]);
});

it("deliveries show their attempts, and one is replayed", async () => {
  const endpoint = aWebhookEndpoint();
  world.webhookEndpoints.push(endpoint);
  const attempts = [{ at: minutesAgo(5), status: 503, duration_ms: 1200, error: "It answered 503.", response_excerpt: "Down for repairs" }];
  world.webhookDeliveries.set(endpoint.id, [
    aWebhookDelivery(),
    aWebhookDelivery({ event_type: "mass_text.finished", state: "failed", attempts }),
    aWebhookDelivery({ event_type: "conversation.closed", state: "pending", attempts: [], finished_at: null }),
  ]);
  const { user } = renderApp(PAGE);
  await user.click(await screen.findByRole("button", { name: "Deliveries to https://crm.example/hooks" }));
  const list = within(await screen.findByRole("list", { name: "Deliveries to https://crm.example/hooks" }));
  expect(await list.findAllByRole("listitem")).not.toHaveLength(0);
  expect(list.getByText("It waits for an earlier event of its conversation.")).toBeVisible();
  await user.selectOptions(screen.getByLabelText("Show"), "Failed");
  await waitFor(() => expect(list.queryByText(/A text arrived/)).toBeNull());
  await user.click(await screen.findByText("1 attempt"));
  expect(screen.getByText("Down for repairs")).toBeVisible();
  await user.click(screen.getByRole("button", { name: /^Replay: A mass text ended/ }));
  expect(await screen.findByText("It is being posted again.")).toBeVisible();
  expect(world.changes).toEqual([{ path: "/webhook-endpoints/:id/deliveries/:id/replay", body: {} }]);
});

it("is deleted after a question", async () => {
  world.webhookEndpoints.push(aWebhookEndpoint());
  const { user } = renderApp(PAGE);
  await user.click(await screen.findByRole("button", { name: "Delete https://crm.example/hooks" }));
  await user.click(screen.getByRole("button", { name: "Delete now" }));
  expect(await screen.findByText("No endpoints yet")).toBeVisible();
});

it("an administrator is told once, on any page, that one was switched off", async () => {
  world.webhookEndpoints.push(aWebhookEndpoint({ enabled: false, disabled_reason: "failing", disabled_at: minutesAgo(60) }));
  const { user } = renderApp("/families");
  expect(await screen.findByText("A webhook endpoint was switched off: it gets no events.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Look at it" }));
  expect(await screen.findByText(/every attempt of three days failed/)).toBeVisible();
});

it("the Service page tells of endpoints that were switched off", async () => {
  world.serviceStatus = aServiceStatus({
    switched_off_webhook_endpoints: [{ id: aWebhookEndpoint().id, url: "https://crm.example/hooks", disabled_reason: "gone", disabled_at: minutesAgo(5) }],
  });
  renderApp("/administration?tab=service");
  expect(await screen.findByText(/was switched off/)).toBeVisible();
  expect(screen.getByRole("link", { name: "Look at it" })).toBeVisible();
});
