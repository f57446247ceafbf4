/** Whether an open page tells of something, as the person's settings say. The service decides the same of what it pushes. */
export interface Wishes {
  scope: "all" | "mine" | "mentions" | "none";
  quiet_hours: { since: string; until: string } | null;
}

export interface Told {
  kind: "message" | "mention";
  isAssignee: boolean;
}

export function wants({ scope, quiet_hours }: Wishes, { kind, isAssignee }: Told, at: Date, timeZone: string): boolean {
  if (scope === "none" || (quiet_hours && isWithin(quiet_hours, localTime(at, timeZone)))) return false;
  return kind === "mention" || scope === "all" || (scope === "mine" && isAssignee);
}

/** `since` after `until`: over midnight. */
function isWithin({ since, until }: { since: string; until: string }, time: string): boolean {
  return since <= until ? since <= time && time < until : time >= since || time < until;
}

function localTime(at: Date, timeZone: string): string {
  return at.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
}
