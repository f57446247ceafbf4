/** Entries of the whole audit log in words for the desk. */
import type { AuditAction } from "@/api/audit-log";
import type { AuditEntry } from "@/api/types";
import { describeActor, describeDeed, describeHolders } from "@/lib/describe-entry";
import { OPT_IN_LABEL } from "@/lib/optin";
import { listNames, plural } from "@/lib/text";

/** Every action, as one chooses it. */
export const ACTION_LABELS: Record<AuditAction, string> = {
  "message.sent": "Sent a text",
  "message.scheduled": "Scheduled a text",
  "message.rescheduled": "Changed a scheduled text",
  "message.withdrawn": "Withdrew a scheduled text",
  "message.held_back": "A scheduled text was held back",
  "conversation.opened": "Opened a conversation",
  "conversation.closed": "Closed a conversation",
  "conversation.unread": "A conversation became unread",
  "conversation.viewed": "Looked at a conversation",
  "conversation.assigned": "Assigned a conversation",
  "conversation.released": "Released a conversation",
  "conversation.reminder_set": "Put a conversation off until later",
  "conversation.reminder_removed": "Took a conversation back from later",
  "conversation.reminder_due": "A conversation came back from later",
  "conversation.not_sent_dismissed": "Dismissed texts that were not sent",
  "conversation.undone": "Undid an act on conversations",
  "opt_in.changed": "Changed an opt-in",
  "phone_number.stopped": "A number was stopped",
  "phone_number.started": "A number was allowed again",
  "session.created": "Signed in",
  "session.refused": "A sign-in was refused",
  "session.ended": "Signed out",
  "session.revoked": "Ended sessions",
  "password.changed": "Changed their own password",
  "password.refused": "Gave a wrong current password",
  "password.reset": "Reset a password",
  "organization.created": "Created the business",
  "organization.updated": "Changed the settings of the business",
  "staff_member.created": "Added a staff member",
  "staff_member.updated": "Changed a staff member or permissions",
  "staff_member.archived": "Archived a staff member",
  "family.created": "Added a family",
  "family.updated": "Changed a family",
  "family.archived": "Archived a family",
  "class.created": "Added a class",
  "class.updated": "Changed a class",
  "saved_reply.created": "Saved a reply",
  "saved_reply.updated": "Changed a saved reply",
  "saved_reply.deleted": "Deleted a saved reply",
  "broadcast.created": "Wrote a mass text",
  "broadcast.updated": "Changed a mass text",
  "broadcast.approved": "Agreed to a mass text",
  "broadcast.confirmed": "Confirmed a mass text",
  "broadcast.hours_overridden": "Sent a mass text outside the hours",
  "broadcast.started": "A scheduled mass text began",
  "broadcast.paused": "Paused a mass text",
  "broadcast.resumed": "Resumed a mass text",
  "broadcast.cancelled": "Cancelled a mass text",
  "broadcast.finished": "A mass text was sent",
  "broadcast.exported": "Exported a mass text's report",
  "audience.created": "Saved an audience",
  "audience.updated": "Changed a saved audience",
  "audience.deleted": "Deleted a saved audience",
  "organization.links_changed": "Changed the links",
  "phone_record.removed": "Removed a number from a record",
  "refusal.lifted": "Lifted a refusal",
  "directory.imported": "Imported the directory",
  "line.created": "Added a line",
  "line.updated": "Changed a line",
  "line.prices_changed": "Changed a line's prices",
  "credits.changed": "Changed the settings of credits",
  "credits.added": "Added credits",
  "credits.low": "The credits became low",
  "usage.exported": "Exported the usage",
  "away_message.changed": "Changed the opening hours or the away message",
  "api_key.created": "Made an API key",
  "api_key.updated": "Changed an API key",
  "api_key.rotated": "Rotated an API key",
  "api_key.revoked": "Revoked an API key",
  "webhook_endpoint.created": "Added a webhook endpoint",
  "webhook_endpoint.updated": "Changed a webhook endpoint",
  "webhook_endpoint.deleted": "Deleted a webhook endpoint",
  "webhook_endpoint.switched_off": "A webhook endpoint was switched off",
  "webhook_endpoint.secret_rotated": "Rotated a webhook secret",
  "webhook_delivery.replayed": "Replayed a webhook delivery",
  "inbound_event.replayed": "Replayed an event",
  "sandbox_text.received": "Texted a sandbox line as a test number",
  "audit_log.exported": "Exported the audit log",
  "export.created": "Asked for an export",
  "export.downloaded": "Downloaded an export",
  "export.deleted": "Deleted an export",
  "phone_number.erased": "Erased a number",
  "audit_entries.erased": "Erased entries of the audit log",
  "retention.applied": "Erased what was too old",
  "note.added": "Added a note",
  "note.edited": "Changed a note",
  "note.removed": "Removed a note",
  "note.restored": "Restored a note",
  "conversation.metadata_changed": "Changed the metadata of a conversation",
  "message.metadata_changed": "Changed the metadata of a message",
};

export function isAuditAction(action: string | undefined): action is AuditAction {
  return action !== undefined && action in ACTION_LABELS;
}

export interface Sentence {
  actor: string;
  /** What the actor did, without the full stop. */
  deed: string;
}

export function describeLogEntry(entry: AuditEntry, formatPhone: (number: string) => string): Sentence {
  const whose = describeHolders(entry);
  const actor = describeActor(entry, formatPhone);
  const number = whose ?? (entry.phone_number === null ? "a number" : formatPhone(entry.phone_number));
  return { actor, deed: isAuditAction(entry.action) ? DEEDS[entry.action](entry.details, number, entry) : describeDeed(entry) };
}

/** Entries that say little one by one: a run of them by one person is one row. */
export interface Run {
  key: string;
  entries: AuditEntry[];
}

export function foldVisits(entries: readonly AuditEntry[]): Run[] {
  const runs: Run[] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    const before = last?.entries.at(-1);
    if (last && before?.action === "conversation.viewed" && entry.action === before.action && entry.actor.id === before.actor.id) {
      last.entries.push(entry);
    } else runs.push({ key: entry.id, entries: [entry] });
  }
  return runs;
}

export function describeRun({ entries }: Run): string {
  return `looked at conversations ${entries.length} times`;
}

type Details = AuditEntry["details"];

const DEEDS: Record<AuditAction, (details: Details, number: string, entry: AuditEntry) => string> = {
  "message.sent": (details, number) =>
    details.automatic === "away" ? `sent the away message to ${number}` :
    details.automatic === "signup" ? `sent the sign-up message to ${number}` :
    details.retry_of_message_id ? `sent a failed text to ${number} again` : `sent a text to ${number}`,
  "message.scheduled": (_, number) => `scheduled a text to ${number}`,
  "message.rescheduled": (_, number) => `changed a scheduled text to ${number}`,
  "message.withdrawn": (_, number) => `withdrew a scheduled text to ${number}`,
  "message.held_back": (details, number) => `held back a scheduled text to ${number}${text(details.reason) === null ? "" : `: “${text(details.reason) ?? ""}”`}`,
  "conversation.opened": ({ cause }, number) =>
    `opened the conversation with ${number}${cause === "not_sent" ? ", because a text was not sent" : ""}`,
  "conversation.closed": (_, number) => `closed the conversation with ${number}`,
  "conversation.unread": () => "texted, and the conversation became unread",
  "conversation.viewed": (_, number) => `looked at the conversation with ${number}`,
  "conversation.assigned": (_, number) => `assigned the conversation with ${number}`,
  "conversation.released": (_, number) => `released the conversation with ${number}`,
  "conversation.reminder_set": (_, number) => `put the conversation with ${number} off until later`,
  "conversation.reminder_removed": (_, number) => `took the conversation with ${number} back from later`,
  "conversation.reminder_due": (_, number, { actor }) =>
    actor.kind === "phone_number" ? "texted, and the conversation came back from later" : `brought the conversation with ${number} back from later`,
  "conversation.not_sent_dismissed": (_, number) => `dismissed the texts to ${number} that were not sent`,
  "conversation.undone": (_, number) => `undid what they had done with the conversation with ${number}`,
  "opt_in.changed": (details, number) =>
    `changed the opt-in of ${number}${optIn("from", details.from)}${optIn("to", details.to)}${wording(details)}`,
  "phone_number.stopped": (_, number, { actor }) => (actor.kind === "phone_number" ? "stopped all texts" : `stopped all texts to ${number}`),
  "phone_number.started": (_, number, { actor }) => (actor.kind === "phone_number" ? "allowed texts again" : `allowed texts to ${number} again`),
  "session.created": () => "signed in",
  "session.refused": (details, _, { actor }) => {
    const times = details.times === 1 ? " once more" : typeof details.times === "number" ? ` ${details.times} times more` : "";
    return actor.kind === "staff_member" ? `could not sign in${times}` : `refused a sign-in as ${text(details.email) ?? "somebody"}${times}`;
  },
  "session.ended": () => "signed out",
  "session.revoked": (details) => {
    const device = text(details.device);
    const sessions = typeof details.sessions === "number" && details.sessions !== 1 ? `${details.sessions} sessions` : "a session";
    return `ended ${sessions} of ${named(details, "a staff member")}${device === null ? "" : ` (${device})`}`;
  },
  "password.changed": () => "changed their own password",
  "password.refused": () => "gave a wrong current password",
  "password.reset": (details) => `reset the password of ${named(details, "a staff member")} from the command line`,
  "organization.updated": (details) => `changed the settings of the business${changed(details)}`,
  "organization.created": (details) => `created the business ${text(details.name) ?? ""}`.trimEnd(),
  "staff_member.created": (details) => `added ${named(details, "a staff member")}${details.is_admin === true ? " as an administrator" : ""}`,
  "staff_member.updated": (details) => `changed ${named(details, "a staff member")}${changed(details)}`,
  "staff_member.archived": (details) => archived(details, "a staff member"),
  "family.created": (details) => `added ${named(details, "a family")}`,
  "family.updated": (details) => `changed ${named(details, "a family")}${changed(details)}`,
  "family.archived": (details) => archived(details, "a family"),
  "class.created": (details) => `added ${named(details, "a class", "the class ")}`,
  "class.updated": (details) => `changed ${named(details, "a class", "the class ")}${changed(details)}`,
  "saved_reply.created": (details) => `made ${reply(details)}`,
  "saved_reply.updated": (details) => `changed ${reply(details)}${changed(details)}`,
  "saved_reply.deleted": (details) => `deleted ${reply(details)}`,
  "organization.links_changed": () => "changed the business’s links",
  "phone_record.removed": (details, number) =>
    `removed ${number} from a record${details.opt_in_state === "opted_out" ? "; its refusal stays with the number" : ""}`,
  "refusal.lifted": (details, number) =>
    `lifted the refusal of ${text(details.owner_name) ?? "somebody"} for ${number}${text(details.reason) === null ? "" : `: “${text(details.reason) ?? ""}”`}`,
  "directory.imported": () => "imported the directory",
  "line.created": (details, number) => `added the line ${number}${text(details.label) === null ? "" : ` (${text(details.label) ?? ""})`}`,
  "line.updated": (details, number) => `changed the line ${number}${changed(details)}`,
  "line.prices_changed": (details) => `changed the prices of ${text(details.label) ?? "a line"}`,
  "credits.changed": (details) => `changed the settings of credits${changed(details)}`,
  "credits.added": (details) => `added ${text(details.amount) ?? ""} ${text(details.currency) ?? ""} of credits`,
  "credits.low": (details) => `noticed that the credits are low: ${text(details.balance) ?? ""} ${text(details.currency) ?? ""} left`,
  "usage.exported": () => "exported the usage",
  "away_message.changed": () => "changed the opening hours or the away message",
  "api_key.created": (details) => `made ${named(details, "an API key", "the API key ")}`,
  "api_key.updated": (details) => `changed ${named(details, "an API key", "the API key ")}`,
  "api_key.rotated": (details) => `rotated ${named(details, "an API key", "the API key ")}`,
  "api_key.revoked": (details) => `revoked ${named(details, "an API key", "the API key ")}`,
  "webhook_endpoint.created": (details) => `added the webhook endpoint ${text(details.url) ?? ""}`.trimEnd(),
  "webhook_endpoint.updated": () => "changed a webhook endpoint",
  "webhook_endpoint.deleted": (details) => `deleted the webhook endpoint ${text(details.url) ?? ""}`.trimEnd(),
  "webhook_endpoint.switched_off": ({ url, error }) =>
    `switched off the webhook endpoint ${text(url) ?? ""}`.trimEnd() + (text(error) ? `: ${text(error)}` : ""),
  "webhook_endpoint.secret_rotated": () => "rotated the secret of a webhook endpoint",
  "webhook_delivery.replayed": () => "replayed a webhook delivery",
  "inbound_event.replayed": () => "replayed an event that had been set aside",
  "sandbox_text.received": (_details, number) => `texted a sandbox line as the test number${number ? ` ${number}` : ""}`,
  "audit_log.exported": (details) =>
    `exported the audit log${Object.keys((details.filters ?? {})).length > 0 ? " in part" : ""}`,
  "export.created": (details, number) => `asked for an export of ${exported(details, number)}`,
  "export.downloaded": (details, number) => `downloaded the export of ${exported(details, number)}`,
  "export.deleted": (details, number) => `deleted the export of ${exported(details, number)}`,
  "phone_number.erased": (details) => `erased a number${text(details.reason) === null ? "" : `: “${text(details.reason) ?? ""}”`}`,
  "audit_entries.erased": (details) => `erased the personal details of ${Object.keys(details.entries ?? {}).length} entries of this log`,
  "retention.applied": () => "erased texts and files that were too old",
  "broadcast.created": (details) => `wrote ${massText(details)}`,
  "broadcast.updated": (details) => `changed ${massText(details)}`,
  "broadcast.approved": (details) => `agreed to ${massText(details)}`,
  "broadcast.paused": (details) => `paused ${massText(details)}`,
  "broadcast.resumed": (details) => `resumed ${massText(details)}`,
  "broadcast.cancelled": (details) => `cancelled ${massText(details)}`,
  "broadcast.exported": (details) => `exported the report of ${massText(details)}`,
  "broadcast.confirmed": (details) =>
    `confirmed ${massText(details)}${typeof details.recipients === "number" ? ` to ${plural(details.recipients, "number")}` : ""}`,
  "broadcast.hours_overridden": (details) =>
    `sent ${massText(details)} outside the hours${text(details.reason) === null ? "" : `: “${text(details.reason) ?? ""}”`}`,
  "broadcast.started": (details) => `began to send ${massText(details)}`,
  "broadcast.finished": (details) => `has sent ${massText(details)}`,
  "audience.created": (details) => `saved ${named(details, "an audience", "the audience ")}`,
  "audience.updated": (details) => `changed ${named(details, "an audience", "the audience ")}`,
  "audience.deleted": (details) => `deleted ${named(details, "an audience", "the audience ")}`,
  "note.added": (_, number) => `added a note to the conversation with ${number}`,
  "note.edited": (_, number) => `changed a note in the conversation with ${number}`,
  "note.removed": (_, number) => `removed a note from the conversation with ${number}`,
  "note.restored": (_, number) => `restored a note of the conversation with ${number}`,
  "conversation.metadata_changed": (_, number) => `changed the metadata of the conversation with ${number}`,
  "message.metadata_changed": (_, number) => `changed the metadata of a message with ${number}`,
};

function exported(details: Details, number: string): string {
  switch (details.kind) {
    case "conversation":
      return "a conversation";
    case "phone_number":
      return `the data of ${number}`;
    default:
      return "a time range";
  }
}

function massText(details: Details): string {
  return named(details, "a mass text", "the mass text ");
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function named({ name }: Details, otherwise: string, before = ""): string {
  const known = text(name);
  return known === null ? otherwise : `${before}${known}`;
}

function reply({ title, scope }: Details): string {
  return `the saved reply “${text(title) ?? ""}”${scope === "own" ? " of their own" : ""}`;
}

function optIn(preposition: string, state: unknown): string {
  const labels: Record<string, string> = OPT_IN_LABEL;
  const known = text(state);
  return known === null ? "" : ` ${preposition} ${(labels[known] ?? known).toLowerCase()}`;
}

function wording({ wording }: Details): string {
  const words = text(wording);
  return words === null ? "" : `: “${words}”`;
}

/** ": name and permissions" */
function changed({ changes }: Details): string {
  const names = Object.keys((changes ?? {})).map((name) => name.replaceAll("_", " "));
  return names.length === 0 ? "" : `: ${listNames(names)}`;
}

function archived(details: Details, otherwise: string): string {
  return details.archived === false ? `brought ${named(details, otherwise)} back` : `archived ${named(details, otherwise)}`;
}
