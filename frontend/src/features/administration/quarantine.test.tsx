/** RECV-NOTHING-LOST on screen: what is quarantined, why, and trying it again. */
import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aQuarantinedEvent, aPerson, LINE_ID } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

const open = () => renderApp("/administration?tab=quarantine");
const list = async () => within(await screen.findByRole("list", { name: "Quarantined texts" }));

describe("quarantined texts", () => {
  it("are counted on their tab, wherever in the administration one is", async () => {
    world.quarantined = [aQuarantinedEvent(), aQuarantinedEvent()];
    renderApp("/administration");
    expect(await screen.findByRole("link", { name: "Quarantined texts 2 quarantined" })).toBeVisible();
  });

  it("say from whom, when, to which line and why, and show what came as nothing but text", async () => {
    const text = "Body=<img src=x onerror=alert(1)> \u202etxet \u0000";
    world.quarantined = [aQuarantinedEvent({ raw: { content_type: "text/html", bytes: 40, text, base64: null } })];
    const { user } = open();
    const row = await list();
    expect(await row.findByText("Text from (312) 555-0101")).toBeVisible();
    expect(row.getByText("The database refused it (CheckViolationError).")).toBeVisible();
    expect(await row.findByText("Front desk")).toBeVisible();
    expect(row.getByText(/10:45.am/)).toHaveTextContent("tried 6 times");
    expect(row.queryByText(/onerror/)).toBeNull();
    await user.click(row.getByRole("button", { name: "Show content" }));
    expect(await row.findByLabelText("Content as it came")).toHaveValue(text);
    expect(document.querySelector("img[src=x]")).toBeNull();
    await user.click(row.getByRole("button", { name: "Hide content" }));
    expect(row.queryByLabelText("Content as it came")).toBeNull();
  });

  it("that are no text are shown as base64", async () => {
    world.quarantined = [aQuarantinedEvent({ kind: "unreadable", phone_number: null, raw: { content_type: "", bytes: 2, text: null, base64: "//4=" } })];
    const { user } = open();
    const row = await list();
    expect(await row.findByText("Something unreadable from an unknown number")).toBeVisible();
    await user.click(row.getByRole("button", { name: "Show content" }));
    expect(await row.findByLabelText("Content as it came")).toHaveValue("//4=");
    expect(row.getByText(/no content type, 2 bytes, not text/)).toBeVisible();
  });

  it("are replayed one by one", async () => {
    world.quarantined = [aQuarantinedEvent(), aQuarantinedEvent({ kind: "status", phone_number: "+13125550102" })];
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Replay: Delivery report about (312) 555-0102" }));
    expect(await screen.findByText(/It is being tried again/)).toBeVisible();
    expect((await list()).getAllByRole("listitem")).toHaveLength(1);
    expect(await screen.findByRole("link", { name: "Quarantined texts 1 quarantined" })).toBeVisible();
  });

  it("are replayed all at once, and then nothing is quarantined", async () => {
    world.quarantined = [aQuarantinedEvent(), aQuarantinedEvent()];
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Replay all" }));
    expect(await screen.findByText("2 are being tried again.")).toBeVisible();
    expect(await screen.findByText("Nothing is quarantined")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Replay all" })).toBeNull();
    expect(screen.getByRole("link", { name: "Quarantined texts" })).toBeVisible();
  });

  it("that were applied meanwhile say so", async () => {
    const detail = "It has been applied already, so there is nothing to replay.";
    world.quarantined = [aQuarantinedEvent()];
    server.use(http.post("*/api/v1/inbound-events/:id/replay", () => problem(409, "/problems/conflict", "Conflict", { detail })));
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: /^Replay: / }));
    expect(await screen.findByText(`Not replayed. ${detail}`)).toBeVisible();
  });

  it("that cannot be loaded can be asked for again", async () => {
    let broken = true;
    server.use(http.get("*/api/v1/inbound-events", () => (broken ? problem(403, "/problems/permission-required", "A permission is missing", { permission: "administration" }) : HttpResponse.json({ items: [], next_cursor: null }))));
    const { user } = open();
    expect(await screen.findByRole("alert")).toHaveTextContent("This couldn't be loaded");
    broken = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Nothing is quarantined")).toBeVisible();
  });
});

describe("what should have come", () => {
  it("a line that is silent for longer than usual is named", async () => {
    world.inbound.silent_lines = [{ id: LINE_ID, label: "Front desk", phone_number: "+13125550199", silent_since: "2026-11-23T15:00:00Z" }];
    open();
    expect(await screen.findByText(/silent since/)).toHaveTextContent(/^Front desk, \(312\) 555-0199, has been silent since .+, 9:00.am\.$/);
  });

  it("texts that no webhook brought are counted", async () => {
    world.inbound.missed_last_week = 3;
    open();
    expect(await screen.findByText("3 texts of the last seven days never reached Messenger.")).toBeVisible();
  });
});
