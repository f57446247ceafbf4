/** Audit entries in words for the desk. */
import type { AuditEntry } from "@/api/types";
import { OPT_IN_LABEL } from "@/lib/optin";
import { firstName, nameIntegration } from "@/lib/text";

const DEEDS: Record<string, string> = {
  "message.sent": "sent a message",
  "message.scheduled": "scheduled a text",
  "message.rescheduled": "changed a scheduled text",
  "message.withdrawn": "withdrew a scheduled text",
  "message.held_back": "held back a scheduled text",
  "note.added": "wrote a note",
  "note.edited": "changed a note",
  "note.removed": "removed a note",
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
  "opt_in.changed": "changed an opt-in",
  "phone_number.stopped": "stopped texts to this number",
  "phone_number.started": "allowed texts again",
  "phone_record.removed": "took this number off a record",
  "refusal.lifted": "lifted the refusal of this number",
};

export function describeActor({ actor }: AuditEntry, formatPhone: (number: string) => string): string {
  switch (actor.kind) {
    case "phone_number":
      return actor.name === "" ? "Erased number" : formatPhone(actor.name);
    case "api_key":
      return nameIntegration(actor.name);
    default:
      return actor.name;
  }
}

/** What the actor did, as the end of a sentence that begins with the actor. */
export function describeDeed({ action, details }: AuditEntry): string {
  if (action === "opt_in.changed") return describeOptIn(details) ?? "changed an opt-in";
  return DEEDS[action] ?? action.replaceAll(/[._]/g, " ");
}

const isState = (state: unknown): state is keyof typeof OPT_IN_LABEL => typeof state === "string" && state in OPT_IN_LABEL;

function describeOptIn({ from, to }: AuditEntry["details"]): string | null {
  if (!isState(to)) return null;
  const before = isState(from) && from !== to ? ` from “${OPT_IN_LABEL[from]}”` : "";
  return `changed the opt-in${before} to “${OPT_IN_LABEL[to]}”`;
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
      return `${who} stopped texts to this number: it can't be texted`;
    case "phone_number.started":
      return `${who} allowed texts to this number again`;
    default:
      return `${who} ${describeDeed(entry)}`;
  }
}
