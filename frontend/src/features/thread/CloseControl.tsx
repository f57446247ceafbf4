import { useCloseConversation, useReopenConversation } from "@/api/conversations";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { ConversationDetail, Message } from "@/api/types";
import { isErased } from "@/lib/erased";
import { useHotkeys } from "@/lib/hotkeys";
import { plural } from "@/lib/text";
import { Kbd } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { showToast } from "@/ui/Toast";

/** Closes the conversation up to the last seen message; if another has come in, it is shown and nothing closes. */
export function CloseControl({ conversation, seenSeq }: { conversation: ConversationDetail; seenSeq: number }) {
  const close = useCloseConversation(conversation.id);
  const reopen = useReopenConversation(conversation.id);
  const busy = close.isPending || reopen.isPending;
  const isClosed = conversation.status === "closed";

  const closeUpTo = (seq: number) =>
    close.mutate(seq, {
      onSuccess: () => showToast("Closed"),
      onError: (error) => {
        if (!isProblem(error, PROBLEM.newMessages)) showToast(`Not closed. ${describeError(error)}`);
      },
    });
  const requestClose = () => {
    if (!isClosed && !busy) closeUpTo(seenSeq);
  };
  useHotkeys({ e: requestClose });

  const missed = isProblem(close.error, PROBLEM.newMessages) ? (close.error.problem.missed ?? []) : null;

  return (
    <>
      {isClosed ? (
        !isErased(conversation.phone_number) && (
          <Button
            disabled={busy}
            onClick={() => reopen.mutate(undefined, { onError: (error) => showToast(`Not reopened. ${describeError(error)}`) })}
          >
            Reopen
          </Button>
        )
      ) : (
        <Button disabled={busy} onClick={requestClose} aria-keyshortcuts="e">
          Close <Kbd>e</Kbd>
        </Button>
      )}
      {missed && (
        <MissedWhileClosing
          missed={missed}
          onKeepOpen={() => close.reset()}
          onCloseAnyway={() => closeUpTo(Math.max(seenSeq, ...missed.map((message) => message.seq)))}
        />
      )}
    </>
  );
}

function MissedWhileClosing({ missed, onKeepOpen, onCloseAnyway }: { missed: Message[]; onKeepOpen: () => void; onCloseAnyway: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onKeepOpen()}
      title="Not closed: something came in"
      description={`${plural(missed.length, "message")} arrived just before you closed it.`}
    >
      <ul className="space-y-2">
        {missed.map((message) => (
          <li key={message.id} dir="auto" className="rounded-lg bg-sunken px-3 py-2 whitespace-pre-wrap [overflow-wrap:anywhere]">
            {message.body || "Picture"}
          </li>
        ))}
      </ul>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onCloseAnyway}>Close anyway</Button>
        <Button variant="primary" onClick={onKeepOpen}>
          Keep it open
        </Button>
      </div>
    </Dialog>
  );
}
