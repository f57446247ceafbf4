/** Invented people and texts for the page of primitives. Nothing here comes from the API. */
import { QueryClient } from "@tanstack/react-query";

import { classSearchQuery, locationsQuery, tagsQuery } from "@/api/classes";
import type { ExportJob } from "@/api/exports";
import { phoneNumberQuery } from "@/api/opt-ins";
import { savedReplySearchQuery } from "@/api/saved-replies";
import { meQuery } from "@/api/session";
import type { Conversation, ListedClass, Me, OptInInstance } from "@/api/types";

/** An id that no record has. */
export const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

export const NUMBER = "+13125550101";
export const SINCE = "2026-09-03T15:00:00Z";

/** An administrator: sees every control. */
export const ME: Me = {
  staff_member: { id: id(1), name: "Maria Delgado", email: "maria@example.test" },
  organization: { id: id(2), slug: "example", name: "Example Gym", country: "US", timezone: "America/Chicago" },
  permissions: ["sms_logs", "mass_text", "directory"],
  is_admin: true,
};

const MARIA = { kind: "staff_member" as const, id: id(1), name: "Maria Delgado" };
const ADA = { kind: "staff_member" as const, id: id(5), name: "Ada Lindgren" };

export const REFUSAL: OptInInstance = {
  phone_record_id: null, kind: "family", owner_id: id(3), owner_name: "Castillo family", contact_name: "Carmen Garcia", state: "opted_out",
  changed_at: SINCE, changed_by: null, source: "verbal", archived: false, blocks: true, phone_number: NUMBER, refusal_id: id(4),
  removed: "removed", removed_at: SINCE, removed_by: ADA,
};

export const EXPORT: ExportJob = {
  id: id(30), kind: "range", format: "csv", conversation_id: null, phone_number: null, from: SINCE, to: "2026-09-10T05:00:00Z", line_id: null,
  state: "done", progress: { done: 1_200, total: 3_000 }, size: 340_000, sha256: "00".repeat(32), error: null, created_by: ADA,
  created_at: SINCE, finished_at: SINCE, expires_at: "2026-09-10T15:00:00Z",
};

const CLASS: ListedClass = {
  id: id(23), name: "Level 3", weekdays: ["tuesday"], time: "17:30", room: "Main hall", coach: "Grace Obi", location: "Small hall", students: 8,
  families: 7, archived: false, created_at: SINCE, updated_at: SINCE,
};

/** A cache of its own, in which the example person is signed in. What is in it is not asked for again. */
export function createExampleClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, refetchOnMount: false, refetchOnWindowFocus: false, refetchOnReconnect: false } },
  });
  client.setQueryData(meQuery.queryKey, ME);
  client.setQueryData(phoneNumberQuery(NUMBER).queryKey, {
    phone_number: NUMBER,
    stopped_at: null,
    consent: { phone_number: NUMBER, allowed: false, reason: "opted_out", note: null, stopped_at: null, stopped_as: null, instances: [REFUSAL] },
    records: [],
    refusals: [{
      id: id(4), kind: "family", owner_id: id(3), owner_name: "Castillo family", contact_name: "Carmen Garcia", changed_at: SINCE, changed_by: null,
      source: "verbal", removed: "removed", removed_at: SINCE, removed_by: ADA, lifted_at: null, lifted_by: null, lift_reason: null, replaced_by: null,
    }],
    conversations: [],
  });
  client.setQueryData(tagsQuery.queryKey, { items: [{ name: "team", families: 12, staff_members: 0 }], next_cursor: null });
  client.setQueryData(locationsQuery.queryKey, { items: [{ name: "Small hall", families: 3, staff_members: 1, classes: 2 }], next_cursor: null });
  client.setQueryData(classSearchQuery("").queryKey, { items: [CLASS], next_cursor: null });
  client.setQueryData(savedReplySearchQuery("").queryKey, {
    items: [{ id: id(22), title: "Make-up class", body: "Would Tuesday at 4 suit you?", scope: "organization", uses: 4, created_at: SINCE, updated_at: SINCE }],
    next_cursor: null,
  });
  return client;
}

type LastMessage = NonNullable<Conversation["last_message"]>;

function conversation(number: number, of: Partial<Conversation>): Conversation {
  return {
    id: id(number), version: 1, line_id: id(6), phone_number: NUMBER, display_name: "Smith family", status: "open", unread_messages: 0, last_seq: 1,
    seen_seq: 1, last_message: null, last_message_at: SINCE, line: { id: id(6), label: "Front desk", sandbox: false }, scheduled_at: null, holders: [],
    opted_out: false, viewers: [], assignee: null, reminder: null, not_sent: 0, waiting_since: null, metadata: {}, created_at: SINCE, updated_at: SINCE, ...of,
  };
}

const said = (preview: string, of: Partial<LastMessage> = {}): LastMessage => ({
  seq: 1, direction: "inbound", preview, status: "received", sent_by: null, erased: false, created_at: SINCE, ...of,
});

export const DRAFTED = conversation(16, { last_message: said("Is class on today?") });

export const CONVERSATIONS: readonly { state: string; conversation: Conversation }[] = [
  { state: "Unread", conversation: conversation(10, { status: "unread", unread_messages: 2, last_message: said("Is the 5:30 class still on with the storm?") }) },
  { state: "Answered by this person", conversation: conversation(11, { last_message: said("We moved Leo to Tuesday at 4.", { direction: "outbound", status: "delivered", sent_by: MARIA }) }) },
  { state: "Answered by an integration", conversation: conversation(12, { last_message: said("Tickets can be ordered now.", { direction: "outbound", status: "delivered", sent_by: { kind: "api_key", id: id(7), name: "Parent portal" } }) }) },
  { state: "Not delivered", conversation: conversation(13, { last_message: said("Could you call us?", { direction: "outbound", status: "undelivered", sent_by: ADA }) }) },
  { state: "Opted out", conversation: conversation(14, { opted_out: true, last_message: said("ok thanks") }) },
  { state: "Right to left", conversation: conversation(15, { last_message: said("السلام عليكم، هل توجد حصة تعويضية يوم الثلاثاء؟") }) },
  { state: "A draft", conversation: DRAFTED },
  { state: "A picture", conversation: conversation(17, { last_message: said("") }) },
];
