/** Audit entries in words for the desk. */
import type { AuditEntry } from "@/api/types";
import { OPT_IN_LABEL } from "@/lib/optin";
import { firstName, nameIntegration, plural } from "@/lib/text";

const DEEDS: Record<string, string> = {
  "message.sent": "sent a message",
  "message.scheduled": "scheduled a text",
  "message.rescheduled": "changed a scheduled text",
  "message.withdrawn": "withdrew a scheduled text",
  "message.held_back": "held back a scheduled text",
  "note.added": "wrote a note",
  "note.edited": "changed a note",
  "note.removed": "removed a note",
  "note.restored": "restored a note",
  "conversation.opened": "opened it",
  "conversation.closed": "closed it",
  "conversation.unread": "made it unread",
  "conversation.assigned": "assigned it",
  "conversation.released": "released it",
  "conversation.reminder_set": "put it off until later",
  "conversation.reminder_removed": "took it back from later",
  "conversation.reminder_due": "brought it back from later",
  "conversation.not_sent_dismissed": "dismissed the texts that were not sent",
  "conversation.undone": "undid a change",
  "conversation.viewed": "looked at it",
  "conversation.metadata_changed": "changed its metadata",
  "message.metadata_changed": "changed the metadata of a message",
  "refusal.lifted": "lifted the refusal of this number",
};

type NumberHolder = AuditEntry["holders"][number];

/** "Rosa Castillo (Castillo family)" */
export function describeHolder({ name, contact_name }: Pick<NumberHolder, "name" | "contact_name">): string {
  return contact_name === null ? name : `${contact_name} (${name})`;
}

/** Who holds the entry's number, else who held it; null if nobody is known. */
export function describeHolders({ holders }: AuditEntry): string | null {
  const now = holders.filter(({ until }) => until === null);
  const [first, ...others] = now.length > 0 ? now : holders;
  if (first === undefined) return null;
  return others.length === 0 ? describeHolder(first) : `${describeHolder(first)} and ${plural(others.length, "other")}`;
}

/** A number is who holds it, where somebody is known. */
export function describeActor(entry: AuditEntry, formatPhone: (number: string) => string): string {
  const { actor } = entry;
  switch (actor.kind) {
    case "phone_number":
      return describeHolders(entry) ?? (actor.name === "" ? "Erased number" : formatPhone(actor.name));
    case "api_key":
      return nameIntegration(actor.name);
    default:
      return actor.name;
  }
}

/** What the actor did, as the end of a sentence that begins with the actor. */
export function describeDeed(entry: AuditEntry): string {
  const { action, details, actor } = entry;
  // Of the record that it is about; a number may be on several.
  const whose = entry.subject ? describeHolder(entry.subject) : describeHolders(entry);
  switch (action) {
    case "opt_in.changed":
      return describeOptIn(details, whose) ?? "changed an opt-in";
    case "phone_number.stopped":
      return actor.kind === "phone_number" ? "stopped texts to this number" : `stopped texts to ${whose ?? "this number"}`;
    case "phone_number.started":
      return actor.kind === "phone_number" ? "allowed texts again" : `allowed texts to ${whose ?? "this number"} again`;
    case "phone_record.removed":
      return `took this number off ${entry.subject ? whose : "a record"}`;
    default:
      return DEEDS[action] ?? action.replaceAll(/[._]/g, " ");
  }
}

const isState = (state: unknown): state is keyof typeof OPT_IN_LABEL => typeof state === "string" && state in OPT_IN_LABEL;

function describeOptIn({ from, to }: AuditEntry["details"], whose: string | null): string | null {
  if (!isState(to)) return null;
  const before = isState(from) && from !== to ? ` from “${OPT_IN_LABEL[from]}”` : "";
  return `changed the opt-in${whose === null ? "" : ` of ${whose}`}${before} to “${OPT_IN_LABEL[to]}”`;
}

/** The line in the thread itself. */
export function describeSystemLine(entry: AuditEntry, formatPhone: (number: string) => string): string {
  const actor = describeActor(entry, formatPhone);
  const who = entry.actor.kind === "staff_member" ? firstName(actor) : actor;
  switch (entry.action) {
    case "conversation.unread":
      return "Became unread";
    case "conversation.closed":
      return `${who} closed the conversation`;
    case "conversation.opened":
      return `${who} opened the conversation`;
    case "phone_number.stopped":
      return `${who} ${describeDeed(entry)}: it can't be texted`;
    default:
      return `${who} ${describeDeed(entry)}`;
  }
}
