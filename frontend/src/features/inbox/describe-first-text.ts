/** What is true of a first text that has not gone, in one sentence. */
import type { FirstTextAct, PendingState } from "@/api/outbox-items";
import { plural } from "@/lib/text";

/** The words of a first text, else how many files it has. */
export function saysFirstText({ body, attachments = [] }: FirstTextAct): string {
  return body !== "" ? body : plural(attachments.length, "file");
}

export function describeFirstText(state: PendingState, formatTime: (at: string) => string): string {
  if (state.name === "refused") {
    if (state.refusal.reason === "too_old") return "Not sent: it was written a while ago and had no answer, so it may have gone.";
    const { problem } = state.refusal;
    return `Not sent. ${problem.errors?.[0]?.detail ?? problem.detail ?? problem.title}`;
  }
  if (state.name !== "waiting") return "Sending";
  if (state.cause === "signed_out") return "Not sent yet: you are signed out. It is kept here, and sent once you sign in.";
  const again = state.until === null ? "" : ` It is tried again at ${formatTime(new Date(state.until).toISOString())}.`;
  if (state.cause === "connection") return `Not sent yet: there is no connection. It goes by itself.${again}`;
  return `Not sent yet: the server can’t take it now.${again}`;
}
