/** MASS-*: the page of mass texts: the list, writing one, the last look, the report. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aPreview, aBroadcast, aBroadcastRecipient, aSentBroadcast, confirmationRequired } from "@/testing/broadcasts-world";
import { anId, aPerson } from "@/testing/builders";
import { aClass } from "@/testing/records-world";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

const sent = (path: string) => world.massTexts.changes.filter((change) => change.path === path).map(({ body }) => body);

describe("the list", () => {
  it("MASS-STATES shows states and progress, by state in the address, and what an event tells", async () => {
    const going = aSentBroadcast({ name: "Meet moved", state: "sending", finished_at: null, counts: { delivered: 10, waiting: 32 } });
    world.massTexts.broadcasts = [going, aBroadcast({ name: "Picture day" })];
    const { user, address } = renderApp("/mass-texts");
    const list = within(await screen.findByRole("list", { name: "Mass texts" }));
    expect(list.getByRole("link", { name: /Meet moved.*Going out.*10 of 42/ })).toBeVisible();
    expect(list.getByRole("progressbar", { name: "Progress of Meet moved" })).toHaveAttribute("aria-valuenow", "10");
    expect(list.getByRole("link", { name: /Picture day.*Draft/ })).toBeVisible();

    world.massTexts.change(going.id, { counts: { delivered: 20, failed: 1, waiting: 21 } });
    FakeEventSource.emit("broadcast", { broadcast_id: going.id });
    expect(await list.findByRole("link", { name: /21 of 42.*1 not sent/ })).toBeVisible();

    await user.click(screen.getByRole("link", { name: "Drafts" }));
    await waitFor(() => expect(list.queryByText("Meet moved")).toBeNull());
    expect(address()).toBe("/mass-texts?show=drafts");
  });

  it("PERM-SEND without the permission there is no link and no page", async () => {
    world.me = aPerson({ permissions: ["sms_logs"] });
    renderApp("/mass-texts");
    expect(await screen.findByRole("heading", { name: "Mass texts are not open to you" })).toBeVisible();
    expect(within(screen.getByRole("navigation", { name: "Main" })).queryByRole("link", { name: "Mass texts" })).toBeNull();
  });
});

describe("writing one", () => {
  it("MASS-WHO MASS-PREVIEW a class is chosen, the text is stored as it is written, and the figures say who is left out", async () => {
    const level = aClass({ name: "Level 3", families: 42, students: 50 });
    world.records.classes = [level];
    world.massTexts.leftOut = [{ phone_number: "+13125550177", name: "Ken Ito", record: { kind: "family", id: anId(), name: "Ito family" }, reason: "opted_out" }];
    const { user, address } = renderApp("/mass-texts/new");
    await user.click(await screen.findByRole("button", { name: "Add families" }));
    await user.click(await within(screen.getByRole("group", { name: "Families" })).findByRole("button", { name: "Class" }));
    await user.click(await screen.findByRole("option", { name: /Level 3/ }));
    const box = screen.getByLabelText("Text");
    await user.type(box, "Level 3 is off today.");

    const preview = within(screen.getByRole("complementary", { name: "Preview" }));
    expect(await preview.findByText("42 numbers get it", undefined, { timeout: 5_000 })).toBeVisible();
    expect(box).toHaveFocus();
    const [made] = world.massTexts.broadcasts;
    expect(address()).toBe(`/mass-texts/${made?.id ?? ""}`);
    expect(sent("/broadcasts")).toMatchObject([{ name: "Level 3 is off today.", audience: { families: { class_id: level.id }, staff_members: null } }]);
    expect(preview.getByText("3 left out")).toBeVisible();
    await user.click(preview.getByRole("button", { name: /^2.*Opted out/ }));
    expect(await screen.findByRole("link", { name: "Ito family" })).toBeVisible();
  });

  it("a field's fallback, what was typed is kept when the server refuses it, and comes back with the page", async () => {
    const draft = aBroadcast({ name: "Hello" });
    world.massTexts.broadcasts = [draft];
    const { user } = renderApp(`/mass-texts/${draft.id}`);
    await user.click(await screen.findByLabelText("Text"));
    await user.click(screen.getByRole("button", { name: "First name" }));
    await user.click(screen.getByLabelText("gets instead"));
    await user.type(screen.getByLabelText("Instead of a first name"), "there");
    await waitFor(() => expect(sent(`/broadcasts/${draft.id}`)).toEqual([expect.objectContaining({ fallbacks: { first_name: "there" } })]), { timeout: 5_000 });
    expect(world.massTexts.broadcasts[0]?.body).toBe("Closed for snow.{first_name}");

    world.massTexts.refusals.push(() => problem(503, "/problems/unavailable", "Not available"));
    await user.type(screen.getByLabelText("Text"), " Bye");
    await user.click(screen.getByRole("button", { name: "Review and send…" }));
    expect(await screen.findByText("Not saved. It is kept in this browser.")).toBeVisible();
    expect(screen.getByLabelText("Text")).toHaveValue("Closed for snow.{first_name} Bye");
    // Trying again stores it, and goes on.
    await user.click(screen.getByRole("button", { name: "Review and send…" }));
    expect(await screen.findByRole("dialog", { name: "Send “Hello”?" })).toBeVisible();
    expect(world.massTexts.broadcasts[0]?.body).toBe("Closed for snow.{first_name} Bye");
  });

  it("what two people write in one draft comes together, unless it is the same part", async () => {
    const draft = aBroadcast({ name: "Hello" });
    world.massTexts.broadcasts = [draft];
    const { user } = renderApp(`/mass-texts/${draft.id}`);
    await user.type(await screen.findByLabelText("Text"), " Mine");
    world.massTexts.change(draft.id, { name: "Their name" });
    await waitFor(() => expect(world.massTexts.broadcasts[0]).toMatchObject({ name: "Their name", body: "Closed for snow. Mine" }), { timeout: 5_000 });

    await user.type(screen.getByLabelText("Text"), ", again");
    world.massTexts.change(draft.id, { body: "Theirs" });
    FakeEventSource.emit("broadcast", { broadcast_id: draft.id });
    expect(await screen.findByText(/somebody has changed this since you opened it/, undefined, { timeout: 5_000 })).toBeVisible();
    expect(world.massTexts.broadcasts[0]?.body).toBe("Theirs");
    expect(screen.getByLabelText("Text")).toHaveValue("Closed for snow. Mine, again");
    await user.click(screen.getByRole("button", { name: "Discard mine, load the current version" }));
    expect(screen.getByLabelText("Text")).toHaveValue("Theirs");

    await user.type(screen.getByLabelText("Text"), " and mine");
    world.massTexts.change(draft.id, { body: "Theirs, anew" });
    await user.click(await screen.findByRole("button", { name: "Keep mine, overwrite theirs" }, { timeout: 5_000 }));
    await waitFor(() => expect(world.massTexts.broadcasts[0]?.body).toBe("Theirs and mine"), { timeout: 5_000 });
    expect(screen.queryByText(/somebody has changed this/)).toBeNull();
  });

  it("MASS-STATES who wants a time and names none is asked for it: nothing goes at once instead", async () => {
    const draft = aBroadcast({ name: "Hello" });
    world.massTexts.broadcasts = [draft];
    const { user } = renderApp(`/mass-texts/${draft.id}`);
    await user.click(await screen.findByLabelText("At a time"));
    await user.click(screen.getByRole("button", { name: "Review and send…" }));
    expect(await screen.findByText("Choose a day and a time.")).toBeVisible();
    expect(screen.getByLabelText("Time")).toHaveFocus();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("a pasted list, and the audience kept as a list of its own", async () => {
    const { user } = renderApp("/mass-texts/new");
    await user.click(await screen.findByRole("button", { name: "Paste a list" }));
    const paste = within(await screen.findByRole("dialog", { name: "Paste a list" }));
    await user.click(paste.getByLabelText("Numbers or ids"));
    await user.paste("(312) 555-0101\nF-204, 312 555 0102");
    expect(paste.getByText("Found 2 numbers and 1 id.")).toBeVisible();
    await user.click(paste.getByRole("button", { name: "Add them" }));
    expect(screen.getByRole("list", { name: "Chosen people" })).toHaveTextContent("F-204");

    await user.click(screen.getByRole("button", { name: "Save as a list" }));
    const save = within(await screen.findByRole("dialog", { name: "Save as a list" }));
    await user.type(save.getByLabelText("Name"), "Coaches");
    await user.click(save.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("button", { name: "Take off the list Coaches" })).toBeVisible();
    expect(sent("/audiences")).toMatchObject([{ name: "Coaches", audience: { numbers: ["(312) 555-0101", "312 555 0102"], external_ids: ["F-204"] } }]);
  });
});

describe("the last look", () => {
  const open = async (address: string) => {
    const { user } = renderApp(address);
    await user.click(await screen.findByRole("button", { name: "Review and send…" }));
    return { user, dialog: within(await screen.findByRole("dialog", { name: "Send “Snow day”?" })) };
  };

  it("above the limit the number is typed, and what looks like a mistake is asked about", async () => {
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({
      recipients: 612, considered: 615, needs_confirmation: true, warnings: [{ kind: "test_words", detail: "“test” looks like a trial text." }],
    });
    const { user, dialog } = await open(`/mass-texts/${draft.id}`);
    const send = await dialog.findByRole("button", { name: "Send to 612 numbers" });
    await user.click(send);
    expect(dialog.getByText("Type 612: that is how many get it now.")).toBeVisible();
    expect(dialog.getByText("Say that it is as you want it, or go back and change it.")).toBeVisible();
    await user.type(dialog.getByLabelText(/Type the number of recipients/), "612");
    await user.click(dialog.getByLabelText("It is as I want it"));
    world.massTexts.refusals.push(() => confirmationRequired(613));
    await user.click(send);
    expect(await dialog.findByText(/now there are 613. Look at it again./)).toBeVisible();
    await user.click(await dialog.findByRole("button", { name: "Send to 612 numbers" }));
    expect(await screen.findByText("It is about to go out to 612 numbers.")).toBeVisible();
    expect(sent(`/broadcasts/${draft.id}/send`).at(-1)).toEqual({ confirmed_recipients: 612 });
  });

  it("PERM-HOURS outside the hours it waits, or goes with a reason of who may say so", async () => {
    world.me = aPerson({ permissions: ["sms_logs", "mass_text", "mass_text_any_hour"] });
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({ hours: { now: 0, later: 42, opens_at: "2026-11-24T14:00:00Z", last_opens_at: "2026-11-24T14:00:00Z" } });
    const { user, dialog } = await open(`/mass-texts/${draft.id}`);
    expect(await dialog.findByText(/outside the hours for all of them/)).toBeVisible();
    await user.click(dialog.getByLabelText("Send it all the same, outside the hours"));
    await user.click(dialog.getByRole("button", { name: "Send to 42 numbers" }));
    await user.type(dialog.getByLabelText("Why"), "A burst pipe");
    await user.click(dialog.getByRole("button", { name: "Send to 42 numbers" }));
    await screen.findByText("It is about to go out to 42 numbers.");
    expect(sent(`/broadcasts/${draft.id}/send`)).toEqual([{ confirmed_recipients: 42, any_hour_reason: "A burst pipe" }]);
  });

  it("what is over the line's daily limit is told before, and when it goes on after", async () => {
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({ lines: [{ line_id: anId(), label: "Front desk", recipients: 42, seconds: 42, later: 12 }] });
    const { user, dialog } = await open(`/mass-texts/${draft.id}`);
    expect(await dialog.findByText("12 numbers wait for the next day: the line’s daily limit is used up")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Send to 42 numbers" }));
    await screen.findByText("It is about to go out to 42 numbers.");
    world.massTexts.change(draft.id, { counts: { delivered: 30, waiting: 12 }, goes_on_at: "2026-11-24T14:00:00Z" });
    FakeEventSource.emit("broadcast", { broadcast_id: draft.id });
    expect(await screen.findByText(/^The rest wait until .*or for the line’s next day\.$/)).toBeVisible();
  });

  it("MASS-HOURS whom the hours leave out is counted in once they are overridden", async () => {
    world.me = aPerson({ permissions: ["sms_logs", "mass_text", "mass_text_any_hour"] });
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({ recipients: 0, considered: 42, left_out: [{ reason: "no_lawful_hour", count: 42 }], hours: { now: 0, later: 0, opens_at: null, last_opens_at: null } });
    world.massTexts.anyHourPreview = aPreview();
    const { user, dialog } = await open(`/mass-texts/${draft.id}`);
    expect(await dialog.findByText(/leave no time for 42 numbers/)).toBeVisible();
    expect(dialog.getByRole("button", { name: "Send to 0 numbers" })).toBeDisabled();
    await user.click(dialog.getByLabelText("Send it all the same, outside the hours"));
    expect(await dialog.findByRole("button", { name: "Send to 42 numbers" })).toBeEnabled();
    expect(dialog.getByText("42 numbers")).toBeVisible();
    await user.click(dialog.getByLabelText("Send it all the same, outside the hours"));
    expect(dialog.getByRole("button", { name: "Send to 0 numbers" })).toBeDisabled();
  });

  it("a second administrator agrees on the same page", async () => {
    world.me = aPerson({ is_admin: true });
    const draft = aBroadcast();
    world.massTexts.broadcasts = [draft];
    world.massTexts.preview = aPreview({ missing_approvals: 1 });
    const { user, dialog } = await open(`/mass-texts/${draft.id}`);
    expect(await dialog.findByRole("button", { name: "Send to 42 numbers" })).toBeDisabled();
    world.massTexts.preview = aPreview();
    await user.click(dialog.getByRole("button", { name: "I agree" }));
    expect(await dialog.findByText(/agreed\.$/)).toBeVisible();
    await waitFor(() => expect(dialog.getByRole("button", { name: "Send to 42 numbers" })).toBeEnabled());
  });
});

describe("the report", () => {
  it("MASS-STATES pause, resume and cancel say what has gone", async () => {
    const going = aSentBroadcast({ state: "sending", finished_at: null, counts: { delivered: 20, waiting: 22 }, reasons: [] });
    world.massTexts.broadcasts = [going];
    const { user } = renderApp(`/mass-texts/${going.id}`);
    expect(await screen.findByText("20 of 42 numbers have gone, 22 to go.")).toBeVisible();
    await user.click(within(screen.getByRole("main")).getByRole("button", { name: "Pause" }));
    expect(await screen.findByText("20 of 42 numbers had gone when it was paused; 22 wait.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Resume" }));
    await user.click(await screen.findByRole("button", { name: "Cancel it…" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/20 numbers have got it, and keep it.*22 numbers will not get it\./)).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Cancel it" }));
    expect(await screen.findByText(/^It was cancelled.*20 of 42 numbers had got it\.$/)).toBeVisible();
  });

  it("lists recipients by state and reason in the address, exports, and tries the failed ones again", async () => {
    const done = aSentBroadcast();
    world.massTexts.broadcasts = [done];
    world.massTexts.recipients = [
      aBroadcastRecipient(),
      aBroadcastRecipient({ name: "Ken Ito", record: { kind: "family", id: anId(), name: "Ito family" }, state: "failed", reason: "30006", error: "The number is a landline." }),
      aBroadcastRecipient({ name: "Ada Obi", state: "skipped", reason: "opted_out", conversation_id: null, message_id: null, sent_at: null, delivered_at: null }),
    ];
    const { user, address } = renderApp(`/mass-texts/${done.id}`);
    const list = within(await screen.findByRole("list", { name: "Recipients" }));
    expect(list.getAllByRole("listitem")).toHaveLength(3);
    expect(screen.getByRole("link", { name: "Download CSV" })).toHaveAttribute("href", `/api/v1/broadcasts/${done.id}/export.csv`);
    await user.click(screen.getByRole("button", { name: /^Left out/ }));
    await user.click(await screen.findByRole("button", { name: /^Opted out/ }));
    await waitFor(() => expect(screen.getAllByText("Ada Obi")).toHaveLength(1));
    expect(address()).toBe(`/mass-texts/${done.id}?state=skipped&reason=opted_out`);
    await user.click(screen.getByRole("button", { name: /^Not sent/ }));
    expect(await screen.findByText(/The number is a landline/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try the failed ones again" }));
    expect(await screen.findByDisplayValue("Snow day (again)")).toBeVisible();
    expect(screen.getByText("It goes to the numbers that the mass text before did not reach.")).toBeVisible();
  });

  it("a scheduled one is changed, and has to be confirmed again", async () => {
    const scheduled = aSentBroadcast({ state: "scheduled", send_at: "2099-01-05T15:00:00Z", counts: { waiting: 42 }, started_at: null, finished_at: null, reasons: [] });
    world.massTexts.broadcasts = [scheduled];
    const { user } = renderApp(`/mass-texts/${scheduled.id}`);
    await user.click(await screen.findByRole("button", { name: "Change" }));
    expect(screen.getByText(/Once you change something it is a draft again/)).toBeVisible();
    await user.type(screen.getByLabelText("Text"), " Stay warm.");
    expect(await screen.findByText("Saved as a draft", undefined, { timeout: 5_000 })).toBeVisible();
    expect(world.massTexts.broadcasts[0]).toMatchObject({ state: "draft", body: "Closed for snow. Stay warm.", send_at: "2099-01-05T15:00:00Z" });
  });
});
