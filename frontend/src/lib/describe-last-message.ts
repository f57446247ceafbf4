/** The last message of a conversation, for its row: who said it, in a word, and what. */
import type { Conversation, Message } from "@/api/types";
import { firstName, nameIntegration } from "@/lib/text";

const FAILURES: Record<string, string> = { failed: "Not sent", undelivered: "Not delivered" };

/** Who of the business sent it: "You" only for one's own, a colleague's first name, an integration as such. Null for a text that came in. */
export function describeAuthor({ direction, sent_by }: { direction: string; sent_by: Message["sent_by"] }, myId: string | undefined): string | null {
  if (direction === "inbound") return null;
  if (!sent_by) return "Automatic";
  if (sent_by.kind === "api_key") return nameIntegration(sent_by.name);
  return sent_by.id === myId ? "You" : firstName(sent_by.name);
}

export interface LastMessageDescription {
  /** "Not sent", "Not delivered"; null if the business's last message is under way or has arrived. */
  failure: string | null;
  author: string | null;
  text: string;
}

export function describeLastMessage(message: Conversation["last_message"], myId: string | undefined): LastMessageDescription {
  if (!message) return { failure: null, author: null, text: "No messages yet" };
  if (message.erased) return { failure: null, author: null, text: "This text was erased." };
  const text = message.preview.trim() === "" ? "Picture" : message.preview.replace(/\s+/g, " ");
  return { failure: FAILURES[message.status] ?? null, author: describeAuthor(message, myId), text };
}
