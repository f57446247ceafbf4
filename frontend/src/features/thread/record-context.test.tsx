/** CONTEXT: the details pane shows what the directory knows. */
import { screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import type { ConversationContext, ConversationDetail } from "@/api/types";
import { aConversation, aPhoneRecord, anId, minutesAgo, TIMES } from "@/testing/builders";
import { aStudentsClass } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(aConversation({}), [{ body: "Hello?" }]);
});

function context(): ConversationContext {
  const own = { ...aPhoneRecord({ phone_number: conversation.phone_number }), stopped_at: null, conversation: null };
  const stopped = {
    ...aPhoneRecord({ phone_number: "+13125550199" }),
    stopped_at: minutesAgo(5),
    conversation: { id: anId(), status: "open" as const, last_message_at: minutesAgo(60) },
  };
  return {
    records: [
      {
        kind: "family", id: anId(), external_id: "F-1", name: "Smith family", archived: false, location: "North", notes: "Pays on Fridays.",
        tags: ["VIP"],
        people: [
          { name: "Maya Smith", relation: "mother", phone_records: [own] },
          { name: "Ben Smith", relation: null, phone_records: [stopped] },
        ],
        students: [{ ...TIMES, id: anId(), name: "Leo", classes: [aStudentsClass({ name: "Level 3", coach: "Jo Park" })] }],
        links: [{ label: "Studio", url: "https://studio.example/f/F-1" }],
      },
    ],
    more_records: 0,
    links: [],
  };
}

it("CONTEXT: shows students with classes, tags, notes, other numbers and links", async () => {
  world.records.contexts.set(conversation.id, context());
  renderApp(`/messenger/${conversation.id}`);
  const about = within(await screen.findByRole("region", { name: "About Smith family" }));
  expect(about.getByText("Leo")).toBeVisible();
  expect(about.getByText(/^Level 3 · Tue.* · Room B · Jo Park$/)).toBeVisible();
  expect(about.getByText("VIP")).toBeVisible();
  expect(about.getByText("Pays on Fridays.")).toBeVisible();
  const link = about.getByRole("link", { name: /Studio/ });
  expect(link).toHaveAttribute("href", "https://studio.example/f/F-1");
  expect(link).toHaveAttribute("rel", "noopener noreferrer");
  expect(about.queryByText("Maya Smith"), "the number of this conversation").toBeNull();
  expect(about.getByText("Stopped")).toBeVisible();
  expect(about.queryByText("Opted in"), "a stopped number is not shown as one to text").toBeNull();
  expect(about.getByRole("link", { name: /^Conversation, / })).toBeVisible();
});

it("CONTEXT: a record that says nothing takes no space", async () => {
  const empty = context();
  const [record] = empty.records;
  if (record) Object.assign(record, { location: null, notes: null, tags: [], people: [], students: [], links: [] });
  world.records.contexts.set(conversation.id, empty);
  renderApp(`/messenger/${conversation.id}`);
  await screen.findByRole("complementary", { name: "Details" });
  await screen.findByText("What happened");
  expect(screen.queryByRole("region", { name: "About Smith family" })).toBeNull();
});
