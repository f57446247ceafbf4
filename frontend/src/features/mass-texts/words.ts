/** States and reasons of mass texts in the desk's language. */
import type { Broadcast, BroadcastPreview, BroadcastState } from "@/api/broadcasts";
import type { RecipientState } from "@/api/types";

export const STATE: Record<BroadcastState, { label: string; tone: "neutral" | "good" | "warn" }> = {
  draft: { label: "Draft", tone: "neutral" },
  scheduled: { label: "Scheduled", tone: "good" },
  sending: { label: "Going out", tone: "good" },
  paused: { label: "Paused", tone: "warn" },
  sent: { label: "Sent", tone: "neutral" },
  cancelled: { label: "Cancelled", tone: "neutral" },
};

/** In the order of the report. */
export const RECIPIENT_STATES: readonly RecipientState[] = [
  "delivered", "sent", "sending", "queued", "waiting", "unknown", "failed", "cancelled", "skipped",
];

export const RECIPIENT_STATE: Record<RecipientState, { label: string; tone: "neutral" | "good" | "bad" | "warn"; bar: string }> = {
  delivered: { label: "Delivered", tone: "good", bar: "bg-accent" },
  sent: { label: "Sent", tone: "good", bar: "bg-accent" },
  sending: { label: "Leaving", tone: "neutral", bar: "bg-transparent" },
  queued: { label: "Next to leave", tone: "neutral", bar: "bg-transparent" },
  waiting: { label: "Waiting", tone: "neutral", bar: "bg-transparent" },
  unknown: { label: "Not certain", tone: "warn", bar: "bg-amber" },
  failed: { label: "Not sent", tone: "bad", bar: "bg-red" },
  cancelled: { label: "Cancelled", tone: "neutral", bar: "bg-transparent" },
  skipped: { label: "Left out", tone: "neutral", bar: "bg-transparent" },
};

const REASONS: Record<string, string> = {
  opted_out: "Opted out",
  not_opted_in: "Never asked whether you may text",
  stopped: "Texted STOP",
  no_record: "On no record, and never texted you",
  not_a_phone_number: "Not a phone number",
  country_not_allowed: "In a country that your lines may not text",
  line_blocked: "The line can’t send to it",
  duplicate: "Already in it through another record",
  another_contact: "Another number of the family gets it",
  no_number: "No number on the record",
  unknown: "Nobody has this number or id",
  not_mobile: "A landline, which gets no texts",
  own_number: "One of your own lines",
  missing_field: "Nothing to fill in for a field",
  too_long: "Too long for the line",
  no_lawful_hour: "No hour at which it may be texted",
  moved: "No longer on the record that was chosen",
  erased: "The number was erased",
  no_line: "No line to send it on",
};

/** Why somebody is left out; of a failure the provider's code. */
export function describeReason(reason: string): string {
  const known = REASONS[reason.replace(/^not_allowed_/, "")];
  if (known) return known;
  if (/^\d+$/.test(reason)) return `Error ${reason} of the provider`;
  return reason.charAt(0).toUpperCase() + reason.slice(1).replaceAll("_", " ");
}

export const PAUSED: Record<NonNullable<Broadcast["pause_reason"]>, string> = {
  person: "Nothing more goes out until somebody resumes it.",
  author: "It stopped because whoever sent it may no longer send mass texts. Resume it to send the rest in your name.",
  no_line: "It stopped because there is no line to send it on. Have an administrator look at the lines, then resume it.",
  no_credits: "It stopped because the credits don’t cover the next texts. Whoever waits gets it once it goes on.",
  restored: "The data came from a backup, so it isn’t known who got it since. It can only be cancelled.",
};

export interface Progress {
  /** Who got it, or was tried. */
  gone: number;
  /** Still to leave. */
  left: number;
  failed: number;
  total: number;
}

export function progressOf({ recipients, counts, state }: Broadcast): Progress {
  const count = (...states: RecipientState[]) => states.reduce((sum, each) => sum + (counts[each] ?? 0), 0);
  const gone = count("sent", "delivered", "failed", "unknown");
  const waiting = count("waiting", "queued", "sending");
  // Before the first count of the workers everybody waits.
  const left = state === "sending" || state === "paused" || state === "scheduled" ? (gone + waiting === 0 ? recipients : waiting) : waiting;
  return { gone, left, failed: count("failed"), total: recipients };
}

/** How many are over what their lines may send of mass texts on the day on which it goes. */
export const overTheDay = ({ lines }: BroadcastPreview): number => lines.reduce((sum, { later }) => sum + later, 0);

export function describeOverTheDay(preview: BroadcastPreview): string {
  const over = overTheDay(preview);
  const day = preview.lines.length > 1 ? "the lines’ daily limits are" : "the line’s daily limit is";
  return `${counted(over, "number")} ${over === 1 ? "waits" : "wait"} for the next day: ${day} used up`;
}

/** "3 min", "2 h 10 min" */
export function describeDuration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (seconds < 50) return `${Math.max(1, Math.round(seconds))} s`;
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ""}`;
}

export const count = (value: number): string => value.toLocaleString();
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;
