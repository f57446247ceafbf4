/** Values of the API with sensible fields; a test names only those it is about. */
import type { Recipient } from "@/api/recipients";
import type {
  AuditEntry,
  ConversationDetail,
  Family,
  Holder,
  Me,
  Message,
  OptInCheck,
  OptInInstance,
  PhoneRecord,
  StaffMember,
} from "@/api/types";
import type { Session } from "@/api/account";
import type { InboundEventDetail } from "@/api/inbound";
import type { Line } from "@/api/lines";
import type { ServiceStatus } from "@/api/service-status";

let counter = 0;
export const anId = (): string => `00000000-0000-7000-8000-${String(++counter).padStart(12, "0")}`;

/** Minutes before a fixed noon in Chicago, as an API time. */
export const NOW = new Date("2026-11-23T18:00:00Z");
export const minutesAgo = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

export const MARIA = { id: "11111111-1111-7111-8111-111111111111", name: "Maria Lopez" };
export const LINE_ID = "33333333-3333-7333-8333-333333333333";
export const DANIEL = { id: "22222222-2222-7222-8222-222222222222", name: "Daniel Kim" };

export const byStaff = (person: typeof MARIA) => ({ kind: "staff_member" as const, ...person });
export const byKey = (name: string) => ({ kind: "api_key" as const, id: anId(), name });

export function aPerson(overrides: Partial<Me> = {}): Me {
  return {
    staff_member: { ...MARIA, email: "maria@tumble.example" },
    organization: {
      id: "99999999-9999-7999-8999-999999999999",
      slug: "tumble",
      name: "Tumble Town",
      country: "US",
      timezone: "America/Chicago",
    },
    permissions: ["sms_logs", "mass_text", "directory"],
    is_admin: false,
    ...overrides,
  };
}

/** When a record was made and changed. */
export const TIMES = { created_at: "2026-09-03T15:00:00Z", updated_at: "2026-09-03T15:00:00Z" };

export function aLine(overrides: Partial<Line> = {}): Line {
  const { id = LINE_ID, provider = "twilio" } = overrides;
  const address = `https://texts.tumble.example/webhooks/${provider}/${id}`;
  return {
    id,
    default: false,
    default_for: [],
    label: "Front desk",
    phone_number: "+13125550199",
    kind: "long_code",
    country: "US",
    provider,
    enabled: true,
    sandbox: provider === "sandbox",
    settings: { messages_per_second: null, answers_keywords: provider === "bandwidth", business_name: null, help_text: null, countries: ["US"], texts_per_day: 20_000, texts_per_person_per_day: 5_000 },
    webhook_urls: { inbound: `${address}/inbound`, status: `${address}/status` },
    health: null,
    silent_since: null,
    notice: null,
    ...TIMES,
    ...overrides,
  };
}

export function aSession(overrides: Partial<Session> = {}): Session {
  return {
    id: anId(),
    created_at: "2026-11-20T15:00:00Z",
    last_used_at: minutesAgo(1),
    device: "Chrome on Windows",
    address: "203.0.113.7",
    is_current: false,
    ...overrides,
  };
}

/** One worker, one line, nothing that waits. */
export function aServiceStatus(overrides: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    at: NOW.toISOString(),
    versions: { product: "1.0.0", database_schema: "0018", expected_database_schema: "0018", postgresql: "18.1" },
    texts_are_leaving: true,
    held: false,
    not_leaving_since: null,
    workers: [{ id: anId(), started_at: minutesAgo(120), last_heartbeat_at: minutesAgo(0), is_working: true }],
    outbox: { waiting: 0, oldest_waiting_at: null, sending: 0, unknown: 0 },
    journal: { pending: 0, oldest_pending_at: null, quarantined: 0 },
    lines: [
      { id: LINE_ID, label: "Front desk", phone_number: "+13125550199", enabled: true, state: "ready", detail: "Everything is set.", checked_at: minutesAgo(60), silent_since: null },
    ],
    has_more_lines: false,
    switched_off_webhook_endpoints: [],
    ...overrides,
  };
}

export function anInstance(overrides: Partial<OptInInstance> = {}): OptInInstance {
  return {
    phone_record_id: anId(),
    kind: "family",
    owner_id: anId(),
    owner_name: "Smith family",
    contact_name: "Maya Smith",
    state: "opted_in",
    changed_at: "2026-09-03T15:00:00Z",
    changed_by: null,
    source: "portal",
    archived: false,
    blocks: false,
    phone_number: null,
    refusal_id: null,
    removed: null,
    removed_at: null,
    removed_by: null,
    ...overrides,
  };
}

/** A refusal of the Castillo family, whose record Olga removed. */
export function aRefusal(overrides: Partial<OptInInstance> = {}): OptInInstance {
  return anInstance({
    phone_record_id: null,
    owner_name: "Castillo family",
    contact_name: "Carmen Garcia",
    state: "opted_out",
    source: "verbal",
    blocks: true,
    refusal_id: anId(),
    removed: "removed",
    removed_at: "2026-11-20T15:00:00Z",
    removed_by: byStaff({ id: anId(), name: "Olga Brandt" }),
    ...overrides,
  });
}

export function aCheck(overrides: Partial<OptInCheck> = {}): OptInCheck {
  return {
    phone_number: "+13125550101",
    allowed: true,
    reason: "allowed",
    note: null,
    stopped_at: null,
    stopped_as: null,
    instances: [anInstance()],
    ...overrides,
  };
}

export function aHolder(overrides: Partial<Holder> = {}): Holder {
  return { kind: "family", id: anId(), name: "Smith family", contact_name: "Maya Smith", phone_record_id: anId(), ...overrides };
}

export function aConversation(overrides: Partial<ConversationDetail> = {}): ConversationDetail {
  return {
    id: anId(),
    version: 1,
    line_id: "77777777-7777-7777-8777-777777777777",
    phone_number: "+13125550101",
    display_name: "Smith family",
    status: "open",
    unread_messages: 0,
    last_seq: 0,
    seen_seq: 0,
    last_message: null,
    last_message_at: minutesAgo(60),
    line: { id: "77777777-7777-7777-8777-777777777777", label: "Front desk", sandbox: false },
    scheduled_at: null,
    holders: [aHolder()],
    opted_out: false,
    viewers: [],
    assignee: null,
    reminder: null,
    not_sent: 0,
    waiting_since: null,
    metadata: {},
    created_at: minutesAgo(10_000),
    updated_at: minutesAgo(60),
    opt_in_check: aCheck(),
    notice: null,
    max_segments: null,
    max_attachments: 10,
    max_attachment_bytes: 1_000_000,
    ...overrides,
  };
}

export function aMessage(overrides: Partial<Message> = {}): Message {
  const outbound = overrides.direction === "outbound";
  return {
    id: anId(),
    conversation_id: anId(),
    seq: 1,
    direction: "inbound",
    body: "Hello",
    media: [],
    status: outbound ? "delivered" : "received",
    sent_by: outbound ? byStaff(MARIA) : null,
    segments: 1,
    encoding: "GSM-7",
    provider_message_id: null,
    error: null,
    created_at: minutesAgo(30),
    updated_at: minutesAgo(30),
    provider_time: null,
    sent_at: null,
    delivered_at: null,
    erased_at: null,
    broadcast: null,
    retry_of_message_id: null,
    client_key: null,
    asks_to_stop: false,
    reaction: null,
    reactions: [],
    automatic: null,
    metadata: {},
    ...overrides,
  };
}

/** A picture that arrived and is there. */
export function aFile(overrides: Partial<Message["media"][number]> = {}): Message["media"][number] {
  const id = anId();
  return {
    id, url: `/api/v1/messages/${anId()}/media/${id}`, content_type: "image/jpeg", state: "kept", size: 340_000, reason: null, ...overrides,
  };
}

export function anEntry(overrides: Partial<AuditEntry> = {}): AuditEntry {
  const id = anId();
  return {
    id,
    at: minutesAgo(30),
    action: "conversation.opened",
    actor: { kind: "staff_member", ...MARIA },
    conversation_id: null,
    message_id: null,
    phone_number: null,
    line: null,
    holders: [],
    subject: null,
    details: {},
    erased: false,
    chain: { subject: id, number: counter, hash: "0".repeat(64) },
    ...overrides,
  };
}

/** Somebody to text, without a conversation. */
export function aRecipient(overrides: Partial<Recipient> = {}): Recipient {
  return {
    kind: "family", owner_id: anId(), owner_name: "Castillo family", contact_name: "Rosa Castillo", phone_number: "+13125550111", label: "mobile",
    check: { allowed: true, reason: "allowed", detail: "This number may be texted." }, conversation: null,
    line: { id: "77777777-7777-7777-8777-777777777777", label: "Front desk", sandbox: false }, line_reason: "default",
    notice: null, max_segments: null, max_attachments: 10, max_attachment_bytes: 1_000_000,
    ...overrides,
  };
}

/** Somebody whose conversation this is. */
export function recipientOf(conversation: ConversationDetail, overrides: Partial<Recipient> = {}): Recipient {
  const { id, line, last_message_at, phone_number } = conversation;
  return aRecipient({ phone_number, line, line_reason: "conversation", conversation: { id, line, last_message_at }, ...overrides });
}

export function aPhoneRecord(overrides: Partial<PhoneRecord> = {}): PhoneRecord {
  return {
    id: anId(),
    phone_number: "+13125550101",
    label: "mobile",
    opt_in: { state: "opted_in", source: "portal", changed_at: "2026-09-03T15:00:00Z", changed_by: null },
    ...TIMES,
    ...overrides,
  };
}

export function aFamily(overrides: Partial<Family> = {}): Family {
  return {
    id: anId(),
    external_id: null,
    name: "Smith family",
    archived: false,
    contacts: [{ ...TIMES, id: anId(), name: "Maya Smith", relation: "mother", phone_records: [aPhoneRecord()] }],
    students: [],
    tags: [],
    location: null,
    notes: null,
    metadata: {},
    ...TIMES,
    ...overrides,
  };
}

export function aStaffMember(overrides: Partial<StaffMember> = {}): StaffMember {
  return {
    ...DANIEL,
    external_id: null,
    email: "daniel@tumble.example",
    permissions: ["sms_logs"],
    is_admin: false,
    archived: false,
    phone_records: [aPhoneRecord({ phone_number: "+13125550188" })],
    tags: [],
    location: null,
    notes: null,
    metadata: {},
    ...TIMES,
    ...overrides,
  };
}

export function aQuarantinedEvent(overrides: Partial<InboundEventDetail> = {}): InboundEventDetail {
  const text = "MessageSid=SM1&From=%2B13125550101&Body=Hello%3F";
  return {
    id: anId(),
    line_id: LINE_ID,
    provider: "twilio",
    event_id: "SM1",
    kind: "message",
    phone_number: "+13125550101",
    state: "quarantined",
    source: "webhook",
    attempts: 6,
    error: "The database refused it (CheckViolationError).",
    received_at: minutesAgo(75),
    applied_at: null,
    due_at: null,
    raw: { content_type: "application/x-www-form-urlencoded", bytes: text.length, text, base64: null },
    ...overrides,
  };
}
