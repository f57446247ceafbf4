/** A close or reopening that the API has not accepted yet. While it is on its way, the button that asked for it shows that. */
import { explainRefusal } from "./explain-refusal";
import { explainWaiting } from "./explain-waiting";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import type { PendingItem } from "@/api/outbox-items";
import { Button } from "@/ui/Button";
import { ClockIcon, WarningIcon } from "@/ui/icons";

const WORDS = { close: ["Closing.", "Not closed."], reopen: ["Reopening.", "Not reopened."], text: ["Sending.", "Not sent."], first: ["Sending.", "Not sent."] } as const;

export function PendingAct({ item }: { item: PendingItem }) {
  const outbox = useOutbox();
  const { date, timeWithSeconds } = useFormats();
  const { state } = item;
  const [waiting, refused] = WORDS[item.act.kind];
  if (state.name === "sending" || state.name === "behind") return null;
  return (
    <p role="status" className="mt-2 flex flex-wrap items-center justify-center gap-2 text-meta text-ink-2">
      {state.name === "refused" ? (
        <>
          <WarningIcon size={14} /> {refused} {explainRefusal(state.refusal, date)}
          <Button size="sm" onClick={() => void outbox.remove(item.key)}>
            Dismiss
          </Button>
        </>
      ) : (
        <>
          <ClockIcon size={14} /> {waiting} {explainWaiting(state, timeWithSeconds)}
        </>
      )}
    </p>
  );
}
