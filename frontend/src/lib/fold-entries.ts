/** Folds runs of audit entries that say little one by one. */
import type { AuditEntry } from "@/api/types";

/** Joins neighbours that both `folds`; any other entry stands alone. Keeps the order. */
export function foldRuns(entries: readonly AuditEntry[], folds: (entry: AuditEntry) => boolean): [AuditEntry, ...AuditEntry[]][] {
  const groups: [AuditEntry, ...AuditEntry[]][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last && folds(last[0]) && folds(entry)) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

const STATUS_CHANGES = new Set(["conversation.opened", "conversation.closed", "conversation.unread"]);
export const isStatusChange = ({ action }: AuditEntry): boolean => STATUS_CHANGES.has(action);

/** A look at the conversation that changed nothing. */
export const isVisit = ({ action }: AuditEntry): boolean => action === "conversation.viewed";
