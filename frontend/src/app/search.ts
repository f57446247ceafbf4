/**
 * URL search parameters are the filter state; those of the Messenger are in `lib/inbox-search.ts`, those of lists of records in
 * `lib/directory-search.ts`. Anything unknown in them is
 * ignored, never an error. A key with a wrong value is set to undefined: one that is merely left out would keep what stands in
 * the address.
 */
import { readText } from "@/lib/inbox-search";

export interface RecordSearch {
  tab?: "communication" | undefined;
  /** The conversation opened in place. */
  conversation?: string | undefined;
}

export function parseRecordSearch({ tab, conversation }: Record<string, unknown>): RecordSearch {
  return {
    tab: tab === "communication" ? tab : undefined,
    conversation: typeof conversation === "string" ? conversation : undefined,
  };
}

const ADMINISTRATION_TABS = ["organization", "mass-text", "lines", "api-keys", "webhooks", "audit-log", "quarantine", "links", "usage", "service"] as const;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The rest are the filters of the audit log; a day is one of the organization's zone. */
export interface AdministrationSearch {
  tab?: (typeof ADMINISTRATION_TABS)[number] | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  phone?: string | undefined;
  conversation?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export function parseAdministrationSearch(search: Record<string, unknown>): AdministrationSearch {
  const text = (name: string) => readText(search[name]);
  const day = (name: string) => {
    const value = text(name);
    return value && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
  };
  return {
    tab: ADMINISTRATION_TABS.find((tab) => tab === search.tab),
    actor: text("actor"),
    action: text("action"),
    phone: text("phone"),
    conversation: text("conversation"),
    from: day("from"),
    to: day("to"),
  };
}

export interface SignInSearch {
  redirect?: string | undefined;
  /** The session has ended while somebody worked. */
  ended?: true | undefined;
}

export function parseSignInSearch({ redirect, ended }: Record<string, unknown>): SignInSearch {
  // Accept only paths of this site, never another address.
  return { redirect: typeof redirect === "string" && /^\/(?![/\\])/.test(redirect) ? redirect : undefined, ended: ended === true || undefined };
}
