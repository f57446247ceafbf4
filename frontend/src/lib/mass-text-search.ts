/** The codec of the addresses of mass texts. Anything unknown or malformed in them is ignored, never an error. */
import { parseDirectorySearch, type DirectorySearch } from "./directory-search";
import { readText } from "./inbox-search";
import type { RecipientState } from "@/api/types";

const SHOWN = ["drafts", "scheduled", "underway", "done"] as const;

/** Which mass texts the list shows; all without it. */
export interface MassTextsSearch {
  show?: (typeof SHOWN)[number] | undefined;
}

export function parseMassTextsSearch({ show }: Record<string, unknown>): MassTextsSearch {
  return { show: SHOWN.find((each) => each === show) };
}

const RECIPIENT_STATES = ["waiting", "queued", "sending", "unknown", "sent", "delivered", "failed", "skipped", "cancelled"] as const satisfies RecipientState[];

/** Of a new one: the filter of the list from which somebody came. Of a report: the recipients it shows. */
export interface MassTextSearch extends DirectorySearch {
  of?: "families" | "staff" | undefined;
  state?: RecipientState | undefined;
  reason?: string | undefined;
}

export function parseMassTextSearch(search: Record<string, unknown>): MassTextSearch {
  return {
    ...parseDirectorySearch(search),
    of: search.of === "families" || search.of === "staff" ? search.of : undefined,
    state: RECIPIENT_STATES.find((state) => state === search.state),
    reason: readText(search.reason),
  };
}
