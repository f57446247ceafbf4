/** Whose conversation a row of the list is. */
import type { Conversation } from "@/api/types";
import { firstName } from "@/lib/text";

type Names = Pick<Conversation, "holders" | "display_name" | "phone_number">;

export interface WhoDescription {
  name: string;
  /** The contact, "Staff", or how many more hold the number. */
  aside: string | null;
  avatarName: string;
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

function describeHolders({ holders, display_name }: Names): string | null {
  const [holder] = holders;
  if (!holder) return null;
  const more = new Set(holders.map((each) => `${each.kind}:${each.id}`)).size - 1;
  if (more > 0) return display_name === holder.name ? `+${more}` : null;
  if (holder.kind === "staff_member") return "Staff";
  return holder.contact_name && holder.contact_name !== display_name ? firstName(holder.contact_name) : null;
}
