/** What a row says besides the last message: what waits, since when, until when, and on which line. */
import { isInLater } from "@/api/conversation-lists";
import type { Formats } from "@/api/format";
import type { Conversation } from "@/api/types";
import { plural } from "@/lib/text";

export interface Mark {
  text: string;
  tone: "plain" | "warn";
}

const HOUR_MS = 3_600_000;
/** A family that waits for as long as this is worth a word. */
const WAITS_LONG_MS = HOUR_MS;
const WAITS_TOO_LONG_MS = 4 * HOUR_MS;

/** "3 h", "2 days" */
function span(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  return hours < 48 ? `${hours} h` : plural(Math.floor(hours / 24), "day");
}

/** "9:00 am" today, else with its day. */
function at(time: string, { dateTime }: Pick<Formats, "dateTime">): string {
  return dateTime(time).replace(/^Today, /, "");
}

interface Surroundings {
  now: Date;
  formats: Pick<Formats, "dateTime">;
  namesLine: boolean;
  /** Texts of this browser that wait to be sent. */
  waitingTexts: number;
}

export function describeMarks(row: Conversation, { now, formats, namesLine, waitingTexts }: Surroundings): Mark[] {
  const { reminder, scheduled_at, waiting_since, line } = row;
  const waits = waiting_since === null ? 0 : now.getTime() - Date.parse(waiting_since);
  const marks: (Mark | false | null)[] = [
    reminder?.due === true && { text: "Reminder due", tone: "warn" },
    reminder && isInLater(row) && { text: `${reminder.unless_answered ? "Unless answered by" : "Until"} ${at(reminder.at, formats)}`, tone: "plain" },
    waits >= WAITS_LONG_MS && { text: `Waiting ${span(waits)}`, tone: waits >= WAITS_TOO_LONG_MS ? "warn" : "plain" },
    scheduled_at !== null && { text: `Scheduled for ${at(scheduled_at, formats)}`, tone: "plain" },
    waitingTexts > 0 && { text: `${plural(waitingTexts, "text")} not sent yet`, tone: "warn" },
    namesLine && { text: line.label, tone: "plain" },
  ];
  return marks.filter((mark) => mark !== false && mark !== null);
}
