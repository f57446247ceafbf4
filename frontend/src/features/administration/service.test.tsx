/** The Service page: what waits, lines, workers and versions in words for the desk. */
import { screen, within } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, expect, it } from "vitest";

import { anId, aPerson, aServiceStatus, minutesAgo, NOW } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

const secondsAgo = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString();

it("says that all is well", async () => {
  const { user } = renderApp("/administration");
  await user.click(await screen.findByRole("link", { name: "Service" }));
  expect(await screen.findByText("Texts are being sent.")).toBeVisible();
  expect(screen.getByText("No text waits to be sent.")).toBeVisible();
  expect(screen.getByText("Nothing that arrived is waiting.")).toBeVisible();
  expect(within(screen.getByRole("region", { name: "Lines" })).getByText("Ready")).toBeVisible();
  expect(within(screen.getByRole("region", { name: "Workers" })).getByText(/Last heard from 0 s ago/)).toBeVisible();
  expect(screen.getByText("18.1")).toBeVisible();
  expect(screen.queryByText(/messenger migrate/)).toBeNull();
});

it("says what waits, for how long, and what is wrong", async () => {
  world.serviceStatus = aServiceStatus({
    texts_are_leaving: false,
    workers: [{ id: anId(), started_at: minutesAgo(120), last_heartbeat_at: minutesAgo(3), is_working: false }],
    outbox: { waiting: 3, oldest_waiting_at: secondsAgo(40), sending: 1, unknown: 2 },
    journal: { pending: 1, oldest_pending_at: secondsAgo(125), quarantined: 1 },
    versions: { product: "1.0.0", database_schema: "0017", expected_database_schema: "0018", postgresql: "18.1" },
    lines: aServiceStatus().lines.map((line) => ({ ...line, state: "needs_attention", silent_since: minutesAgo(600) })),
  });
  renderApp("/administration?tab=service");
  expect(await screen.findByText("Texts are not leaving right now.")).toBeVisible();
  expect(screen.getByText("3 texts wait, the oldest for 40 s.")).toBeVisible();
  expect(screen.getByText("1 text is being handed to the provider.")).toBeVisible();
  expect(screen.getByText(/^2 texts may or may not have left/)).toBeVisible();
  expect(screen.getByText("1 incoming event waits for 2 min.")).toBeVisible();
  expect(screen.getByText(/^1 text is quarantined/)).toBeVisible();
  expect(screen.getByText("Needs attention")).toBeVisible();
  expect(screen.getByText(/^Silent since/)).toBeVisible();
  expect(screen.getByText("Stopped")).toBeVisible();
  expect(screen.getByText(/expects the schema 0018/)).toBeVisible();
});

it("says why texts are held, and what to do when no worker finds out", async () => {
  const worker = { id: anId(), started_at: minutesAgo(120), last_heartbeat_at: minutesAgo(3), is_working: false };
  world.serviceStatus = aServiceStatus({
    texts_are_leaving: false,
    held: true,
    not_leaving_since: minutesAgo(5),
    workers: [worker, { ...worker, id: anId() }, { ...worker, id: anId() }],
  });
  renderApp("/administration?tab=service");
  expect(await screen.findByText(/They are held since/)).toBeVisible();
  expect(screen.getByText(/set back to an earlier state/)).toBeVisible();
  expect(screen.getByText(/so nothing finds that out/)).toBeVisible();
  expect(screen.getByText(/^2 more have stopped/)).toBeVisible();
});

it("says so when it cannot be loaded", async () => {
  server.use(http.get("*/api/v1/service-status", () => problem(503, "/problems/unavailable", "Temporarily unavailable")));
  renderApp("/administration?tab=service");
  expect(await screen.findByRole("alert")).toHaveTextContent("The server had a problem with this.");
});

it("is closed to everybody else", async () => {
  world.me = aPerson();
  renderApp("/administration?tab=service");
  expect(await screen.findByText("Administration is not open to you")).toBeVisible();
});
