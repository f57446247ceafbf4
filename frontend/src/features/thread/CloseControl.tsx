import { useCloseConversation, useReopenConversation } from "@/api/conversations";
import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { ConversationDetail, Message } from "@/api/types";
import { focusedOtherRow } from "@/lib/composer-focus";
import { isErased } from "@/lib/erased";
import { ariaKeys, describeKeys, useShortcuts } from "@/lib/shortcuts";
import { plural } from "@/lib/text";
import { Kbd } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { ShortcutTip } from "@/ui/ShortcutTip";
import { showToast } from "@/ui/Toast";

/** Closes the conversation up to the last seen message; if another has come in, it is shown and nothing closes. */
interface CloseControlProps {
  conversation: ConversationDetail;
  seenSeq: number;
  /** Called when the key has closed it: the list goes on to the next. */
  onClosedByKey?: (() => void) | undefined;
}

export function CloseControl({ conversation, seenSeq, onClosedByKey }: CloseControlProps) {
  const close = useCloseConversation(conversation.id);
  const reopen = useReopenConversation(conversation.id);
  const { phone } = useFormats();
  const busy = close.isPending || reopen.isPending;
  const isClosed = conversation.status === "closed";

  const reopenIt = () => void reopen.mutateAsync().catch((error: unknown) => showToast(`Not reopened. ${describeError(error)}`));
  const closeUpTo = (seq: number, then?: () => void) =>
    close.mutate(seq, {
      onSuccess: () => {
        showToast(`Closed: ${describeConversation(conversation, phone)}`, { label: "Undo", run: reopenIt });
        then?.();
      },
      onError: (error) => {
        if (!isProblem(error, PROBLEM.newMessages)) showToast(`Not closed. ${describeError(error)}`);
      },
    });
  const requestClose = (then?: () => void) => {
    if (!isClosed && !busy) closeUpTo(seenSeq, then);
  };
  // Before the thread has been shown, the API would take everything in it for missed.
  const isShown = seenSeq > 0 || conversation.last_seq === 0;
  const mayReopen = isClosed && !isErased(conversation.phone_number);
  useShortcuts({
    ...(isShown && { close: () => (focusedOtherRow() ? showToast("Press Enter to open it first: e closes the open conversation.") : requestClose(onClosedByKey)) }),
    ...(mayReopen && { reopen: () => !busy && reopenIt() }),
  });

  const missed = isProblem(close.error, PROBLEM.newMessages) ? (close.error.problem.missed ?? []) : null;

  return (
    <>
      {isClosed ? (
        mayReopen && (
          <ShortcutTip label="Reopen, from the list" name="reopen">
            <Button disabled={busy} onClick={reopenIt} aria-keyshortcuts={ariaKeys("reopen")}>
              Reopen
            </Button>
          </ShortcutTip>
        )
      ) : (
        <ShortcutTip label="Close, from the list" name="close">
          <Button disabled={busy} onClick={() => requestClose()} aria-keyshortcuts={ariaKeys("close")}>
            Close{" "}
            <span className="max-desk:hidden">
              <Kbd>{describeKeys("close")}</Kbd>
            </span>
          </Button>
        </ShortcutTip>
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

function describeConversation({ holders, display_name, phone_number }: ConversationDetail, formatPhone: (number: string) => string): string {
  return holders.length > 0 ? display_name : formatPhone(phone_number);
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
      <DialogFoot>
        <Button onClick={onCloseAnyway}>Close anyway</Button>
        <Button variant="primary" onClick={onKeepOpen}>
          Keep it open
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
