/** URL search parameters are the filter state. Anything unknown in them is dropped, never an error. */
import type { ConversationStatus } from "@/api/types";

export interface MessengerSearch {
  status?: ConversationStatus;
  /** The message at which the thread opens. */
  seq?: number;
}

const STATUSES: readonly unknown[] = ["unread", "open", "closed"] satisfies ConversationStatus[];

export function parseMessengerSearch(search: Record<string, unknown>): MessengerSearch {
  const { status, seq } = search;
  return {
    ...(STATUSES.includes(status) && { status: status as ConversationStatus }),
    ...(typeof seq === "number" && Number.isInteger(seq) && seq > 0 && { seq }),
  };
}

export interface DirectorySearch {
  q?: string;
}

export function parseDirectorySearch({ q }: Record<string, unknown>): DirectorySearch {
  // A search for digits is parsed as a number by the router.
  const text = typeof q === "string" || typeof q === "number" ? String(q) : "";
  return text ? { q: text } : {};
}

export interface RecordSearch {
  tab?: "communication";
  /** The conversation opened in place. */
  conversation?: string;
}

export function parseRecordSearch({ tab, conversation }: Record<string, unknown>): RecordSearch {
  return {
    ...(tab === "communication" && { tab }),
    ...(typeof conversation === "string" && { conversation }),
  };
}

export interface SignInSearch {
  redirect?: string;
}

export function parseSignInSearch({ redirect }: Record<string, unknown>): SignInSearch {
  // Only paths of this site: never a door to another.
  return typeof redirect === "string" && /^\/(?![/\\])/.test(redirect) ? { redirect } : {};
}
