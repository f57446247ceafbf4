/** Audit entries in words for the desk. */
import type { AuditEntry } from "@/api/types";
import { firstName, nameIntegration } from "@/lib/text";

const DEEDS: Record<string, string> = {
  "message.sent": "sent a message",
  "message.scheduled": "scheduled a text",
  "message.rescheduled": "changed a scheduled text",
  "message.withdrawn": "withdrew a scheduled text",
  "message.held_back": "held back a scheduled text",
  "conversation.opened": "opened it",
  "conversation.closed": "closed it",
  "conversation.unread": "made it unread",
  "conversation.viewed": "looked at it",
  "opt_in.changed": "changed an opt-in",
  "phone_number.stopped": "stopped texts to this number",
  "phone_number.started": "allowed texts again",
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
export function describeDeed({ action }: AuditEntry): string {
  return DEEDS[action] ?? action.replaceAll(/[._]/g, " ");
}

/** The line in the thread itself. */
export function describeSystemLine(entry: AuditEntry, formatPhone: (number: string) => string): string {
  if (entry.action === "conversation.unread") return "Became unread";
  const verb = entry.action === "conversation.closed" ? "closed" : "opened";
  const actor = describeActor(entry, formatPhone);
  return `${entry.actor.kind === "staff_member" ? firstName(actor) : actor} ${verb} the conversation`;
}
