import { useBulkAct, useUndoBulkAct } from "@/api/bulk";
import { describeError } from "@/api/problem";
import { showToast } from "@/ui/Toast";

/** NOT-SENT: nobody has to see to them any more. The bubbles stay as they are. */
export function DismissNotSent({ conversationId, count }: { conversationId: string; count: number }) {
  const dismiss = useBulkAct();
  const undo = useUndoBulkAct();
  // The button is gone once they are dismissed, and with it the callbacks of `mutate`.
  const takeBack = (undoId: string) =>
    void undo.mutateAsync(undoId).then(
      ({ items }) =>
        showToast(items.every(({ result }) => result === "done") ? "Marked as not sent again." : "Still dismissed: the conversation was changed since."),
      (error: unknown) => showToast(`Still dismissed. ${describeError(error)}`),
    );
  const dismissAll = () =>
    void dismiss.mutateAsync({ rows: [{ id: conversationId, last_seq: 0 }], act: { action: "dismiss_not_sent" } }).then(
      ({ undo_id }) =>
        showToast(
          "Dismissed. The conversation is no longer marked as not sent.",
          undo_id === null ? undefined : { label: "Undo", run: () => takeBack(undo_id) },
        ),
      (error: unknown) => showToast(`Not dismissed. ${describeError(error)}`),
    );
  return (
    <button
      type="button"
      disabled={dismiss.isPending}
      title="Takes the mark “Not sent” off the conversation"
      onClick={dismissAll}
      className="target rounded-sm py-3.5 desk:-my-3.5 font-strong text-ink underline underline-offset-2"
    >
      {count > 1 ? `Dismiss all ${count}` : "Dismiss"}
    </button>
  );
}
