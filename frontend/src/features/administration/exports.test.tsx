/** EXPORT: exports are asked for, watched, downloaded and deleted. */
import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aConversation, aPerson } from "@/testing/builders";
import { anExport } from "@/testing/exports-handlers";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

describe("the page of exports", () => {
  it("lists what was exported, by whom, and offers the file", async () => {
    world.exports.push(anExport(), anExport({ kind: "phone_number", phone_number: "+13125550101", from: null, state: "failed", error: "It is larger than 1 GB." }));
    renderApp("/administration?tab=exports");
    const list = within(await screen.findByRole("list", { name: "Exports" }));
    const [number, range] = await list.findAllByRole("listitem");
    expect(range).toHaveTextContent(/Nov 1.* to .*Nov 7.*Ada Novak.*52 KB/);
    expect(within(range as HTMLElement).getByRole("link", { name: "Download" })).toHaveAttribute("href", `/api/v1/exports/${world.exports[0]?.id ?? ""}/file`);
    expect(number).toHaveTextContent(/Everything about \(312\) 555-0101.*Failed It is larger than 1 GB\./);
  });

  it("asks for a time range of days in the organization's zone, and shows how far it is", async () => {
    const { user } = renderApp("/administration?tab=exports");
    await screen.findByText("No exports yet");
    await user.click(screen.getByRole("button", { name: "New export" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Export a time range" }));
    expect(dialog.getByRole("button", { name: "Export" })).toBeDisabled();
    await user.type(dialog.getByLabelText("From"), "2026-11-01");
    await user.type(dialog.getByLabelText("To"), "2026-11-07");
    await user.selectOptions(dialog.getByLabelText("Format"), "CSV, for spreadsheets");
    await user.click(dialog.getByRole("button", { name: "Export" }));
    expect(await screen.findByText("Waiting to be written")).toBeVisible();
    expect(world.changes).toEqual([
      { path: "/exports", body: { kind: "range", format: "csv", from: "2026-11-01T05:00:00.000Z", to: "2026-11-08T06:00:00.000Z" } },
    ]);

    const [job] = world.exports;
    if (!job) throw new Error("no job");
    Object.assign(job, { state: "running", progress: { done: 400, total: 1_000 } });
    FakeEventSource.emit("export", { export_id: job.id, state: "running", done: 400, total: 1_000 });
    expect(await screen.findByText(/400 of 1,000/)).toBeVisible();
    expect(screen.getByRole("progressbar")).toHaveAttribute("value", "400");
    Object.assign(job, anExport({ id: job.id }));
    FakeEventSource.emit("export", { export_id: job.id, state: "done", done: 1_000, total: 1_000 });
    expect(await screen.findByRole("link", { name: "Download" })).toBeVisible();
  });

  it("deletes a file", async () => {
    world.exports.push(anExport());
    const { user } = renderApp("/administration?tab=exports");
    await user.click(await screen.findByRole("button", { name: /^Delete: / }));
    expect(await screen.findByText("Its file was deleted.")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Download" })).toBeNull();
  });
});

describe("the details of a conversation", () => {
  it("export the conversation for whoever sees it, and the number for administrators alone", async () => {
    world.me = aPerson();
    const thread = world.add(aConversation(), [{ body: "Hello" }]);
    const { user } = renderApp(`/messenger/${thread.id}`);
    await user.click(await screen.findByRole("button", { name: "Export…" }));
    const form = within(await screen.findByRole("region", { name: "Export" }));
    expect(form.queryByLabelText("What")).toBeNull();
    await user.click(form.getByRole("button", { name: "Export" }));
    expect(await form.findByText("Waiting to be written")).toBeVisible();
    expect(world.changes).toEqual([{ path: "/exports", body: { kind: "conversation", format: "html", conversation_id: thread.id } }]);
  });

  it("export everything about the number", async () => {
    const thread = world.add(aConversation(), [{ body: "Hello" }]);
    const { user } = renderApp(`/messenger/${thread.id}`);
    await user.click(await screen.findByRole("button", { name: "Export…" }));
    const form = within(await screen.findByRole("region", { name: "Export" }));
    await user.selectOptions(form.getByLabelText("What"), "Everything about the number, without notes");
    await user.click(form.getByRole("button", { name: "Export" }));
    await form.findByText("Waiting to be written");
    expect(world.changes).toEqual([{ path: "/exports", body: { kind: "phone_number", format: "html", phone_number: thread.phone_number } }]);
  });
});
