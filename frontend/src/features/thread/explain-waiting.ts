import type { PendingState } from "@/api/outbox-items";

/** Why an item of the outbox has not gone yet, and what happens next, in one sentence. */
export function explainWaiting(state: PendingState & { name: "waiting" }, formatTime: (at: string) => string): string {
  const again = state.until === null ? "" : ` It is tried again at ${formatTime(new Date(state.until).toISOString())}.`;
  switch (state.cause) {
    case "connection":
      return "Waiting for the connection; it will be sent by itself.";
    case "signed_out":
      return "You are signed out. Sign in again: it is kept here, and sent then.";
    case "too_many":
      return `Too many requests just now.${again}`;
    case "server":
      return `The server has a problem.${again}`;
    case "in_progress":
      return "Sending";
  }
}
