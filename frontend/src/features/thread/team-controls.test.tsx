/** ASSIGN, REMIND, LATER and TYPING from an open conversation. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import type { ConversationDetail } from "@/api/types";
import { aConversation, aStaffMember, DANIEL, MARIA } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { setCoarsePointer, setViewportWidth } from "@/testing/setup";
import { problem, World } from "@/testing/world";

let world: World;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(aConversation({ display_name: "Smith family" }), [{ body: "Is class on?" }]);
  world.staff.push(aStaffMember({ ...DANIEL, permissions: ["sms_logs"] }), aStaffMember({ name: "Noah Brooks", permissions: [] }), aStaffMember({ ...MARIA }));
});

const open = () => renderApp(`/messenger/${conversation.id}`);
const box = () => screen.findByRole("textbox", { name: "Message" });
const bar = () => within(screen.getByRole("region", { name: "Conversation" }));

describe("ASSIGN", () => {
  it("a colleague with SMS Logs gets it, by keyboard alone, and Undo takes it back", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Assign" }));
    const found = await screen.findByRole("combobox", { name: "Colleagues" });
    await waitFor(() => expect(screen.getAllByRole("option").map((each) => each.textContent)).toEqual([expect.stringContaining("Maria"), expect.stringContaining("Daniel")]));
    expect(found).toHaveFocus();
    await user.keyboard("dan{Enter}");
    expect(await screen.findByRole("button", { name: "Assigned to Daniel Kim" })).toHaveFocus();
    expect(await screen.findByText("Smith family: Daniel Kim has it now")).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Undo/ }));
    await waitFor(() => expect(world.team.changes.map(({ body }) => body)).toEqual([{ staff_member_id: DANIEL.id }, { staff_member_id: null }]));
    expect(await screen.findByRole("button", { name: "Assign" })).toBeVisible();
  });

  it("what is refused is put back, and said", async () => {
    world.team.refusals.push(() => problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/staff_member_id", detail: "Daniel Kim has no SMS Logs." }] }));
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Assign" }));
    await user.click(await screen.findByRole("option", { name: /Daniel/ }));
    expect(await screen.findByText(/^Not assigned\./)).toBeVisible();
    expect(await screen.findByRole("button", { name: "Assign" })).toBeVisible();
  });

  it("a colleague's change shows at once, in the header and in the details", async () => {
    open();
    await screen.findByRole("button", { name: "Assign" });
    conversation.assignee = DANIEL;
    conversation.version += 1;
    world.announceRow(conversation);
    expect(await screen.findByRole("button", { name: "Assigned to Daniel Kim" })).toBeVisible();
    expect(await screen.findByText("Daniel Kim")).toBeVisible();
  });
});

describe("REMIND", () => {
  it("puts it off up to what was seen, and Undo brings it back", async () => {
    const { user } = open();
    await box();
    await waitFor(() => expect(world.viewing.some(({ seenSeq }) => seenSeq === 1)).toBe(true));
    await user.click(await bar().findByRole("button", { name: "Later" }));
    await user.click(await screen.findByRole("checkbox", { name: "Only if nobody answers by then" }));
    await user.click(screen.getByRole("button", { name: /^Tomorrow/ }));
    await waitFor(() => expect(world.team.changes[0]?.body).toMatchObject({ unless_answered: true, seen_seq: 1 }));
    expect(await bar().findByRole("button", { name: /^Until/ })).toBeVisible();
    await user.click(await screen.findByRole("button", { name: /^Undo/ }));
    await waitFor(() => expect(conversation.reminder).toBeNull());
  });

  it("a text that came in meanwhile is read first", async () => {
    world.team.refusals.push(() => problem(409, "/problems/new-messages", "Something came in", { missed: [] }));
    const { user } = open();
    await box();
    await user.click(await bar().findByRole("button", { name: "Later" }));
    await user.click(await screen.findByRole("button", { name: /^In an hour/ }));
    expect(await screen.findByText("Not deferred. Something came in: read it first.")).toBeVisible();
    expect(await bar().findByRole("button", { name: "Later" })).toBeVisible();
  });
});

describe("LATER", () => {
  it("schedules for Monday or one's own time, says so, and Undo gives the words back", async () => {
    const { user } = open();
    await user.type(await box(), "See you on Monday.");
    await user.keyboard("{Control>}{Shift>}{Enter}{/Shift}{/Control}");
    const panel = within(await screen.findByRole("dialog", { name: "Send later" }));
    await user.click(panel.getByRole("button", { name: "Schedule" }));
    expect(panel.getByRole("alert")).toHaveTextContent("Choose a day and a time.");
    fireEvent.change(panel.getByLabelText("Day"), { target: { value: "2027-01-15" } });
    fireEvent.change(panel.getByLabelText("Time"), { target: { value: "16:45" } });
    await user.click(panel.getByRole("checkbox", { name: "Send even if they write meanwhile" }));
    await user.click(panel.getByRole("button", { name: "Schedule" }));
    await waitFor(() => expect(world.sent[0]?.body).toMatchObject({ body: "See you on Monday.", send_at: expect.any(String) as string, only_if_nothing_new: false }));
    expect(await box()).toHaveValue("");
    expect(await screen.findByText(/^Scheduled:/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: /^Undo/ }));
    await waitFor(async () => expect(await box()).toHaveValue("See you on Monday."));
    expect(world.notes.scheduled).toEqual([]);
  });

  it("STATUS-REPLY-RACE: what came in while writing is shown, and it can be scheduled anyway", async () => {
    world.nextSends.push(() => problem(409, "/problems/new-messages", "Something came in", { missed: [] }));
    const { user } = open();
    await user.type(await box(), "See you.");
    await user.click(screen.getByRole("button", { name: "Send later" }));
    await user.click(await screen.findByRole("button", { name: /^Tomorrow/ }));
    expect(await screen.findByText("Not scheduled.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Send anyway" }));
    await waitFor(() => expect(world.sent).toHaveLength(2));
    expect(world.sent[1]?.body).toHaveProperty("send_at");
    expect(world.sent[1]?.body).not.toHaveProperty("seen_seq");
  });

  it("a field that is not filled in is asked about before it is scheduled too", async () => {
    const { user } = open();
    await user.click(await box());
    await user.paste("Hi {first_name}");
    await user.click(screen.getByRole("button", { name: "Send later" }));
    await user.click(await screen.findByRole("button", { name: /^Tomorrow/ }));
    expect(await screen.findByText("{first_name} is not filled in.")).toBeVisible();
    expect(world.sent).toEqual([]);
  });
});

it("TYPING: tells that one writes, seldom, and never what", async () => {
  const { user } = open();
  await user.type(await box(), "It is on today, see you");
  await waitFor(() => expect(world.team.typing).toEqual([conversation.id]));
});

it("on a phone the controls are one menu, which leads on", async () => {
  setViewportWidth(390);
  setCoarsePointer(true);
  const { user } = open();
  await user.click(await screen.findByRole("button", { name: "More" }));
  await user.click(await screen.findByRole("button", { name: "Assign to me" }));
  await waitFor(() => expect(conversation.assignee).toEqual(MARIA));
  await user.click(screen.getByRole("button", { name: "More" }));
  await user.click(await screen.findByRole("button", { name: /^Later/ }));
  await user.click(await screen.findByRole("button", { name: /^Tomorrow/ }));
  await waitFor(() => expect(conversation.reminder).not.toBeNull());
});
