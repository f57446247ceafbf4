/** The texts of a conversation's row in the list. */
import type { Conversation } from "@/api/types";
import { firstName } from "@/lib/text";

const FAILURES: Record<string, string> = { failed: "Not sent", undelivered: "Not delivered" };

type Names = Pick<Conversation, "holders" | "display_name" | "phone_number">;

export interface WhoDescription {
  name: string;
  /** The contact, "Staff", or how many more hold the number. */
  aside: string | null;
  avatarName: string;
}

export interface RowDescription extends WhoDescription {
  preview: string;
  /** A two-word label if the business's last message did not arrive. */
  failure: string | null;
}

export function describeWho(conversation: Names, formatPhone: (number: string) => string): WhoDescription {
  const { holders, display_name, phone_number } = conversation;
  const [holder] = holders;
  return {
    name: holder ? display_name : formatPhone(phone_number),
    aside: describeHolders(conversation),
    avatarName: holder ? (holder.contact_name ?? holder.name) : "#",
  };
}

export function describeRow(conversation: Conversation, formatPhone: (number: string) => string): RowDescription {
  const { last_message } = conversation;
  return {
    ...describeWho(conversation, formatPhone),
    preview: describePreview(last_message),
    failure: last_message?.erased ? null : (FAILURES[last_message?.status ?? ""] ?? null),
  };
}

function describeHolders({ holders, display_name }: Names): string | null {
  const [holder] = holders;
  if (!holder) return null;
  const more = new Set(holders.map((each) => `${each.kind}:${each.id}`)).size - 1;
  if (more > 0) return display_name === holder.name ? `+${more}` : null;
  if (holder.kind === "staff_member") return "Staff";
  return holder.contact_name && holder.contact_name !== display_name ? firstName(holder.contact_name) : null;
}

function describePreview(message: Conversation["last_message"]): string {
  if (!message) return "No messages yet";
  if (message.erased) return "This text was erased.";
  const text = message.preview.trim() === "" ? "Picture" : message.preview.replace(/\s+/g, " ");
  return message.direction === "outbound" ? `You: ${text}` : text;
}
