import { describeError } from "@/api/problem";
import { useDismissNotSent } from "@/api/scheduled";
import { showToast } from "@/ui/Toast";

/** NOT-SENT: nobody has to see to them any more. The bubbles stay as they are. */
export function DismissNotSent({ conversationId, count }: { conversationId: string; count: number }) {
  const dismiss = useDismissNotSent(conversationId);
  return (
    <button
      type="button"
      disabled={dismiss.isPending}
      title="Takes the mark “Not sent” off the conversation"
      onClick={() =>
        dismiss.mutate(undefined, {
          onSuccess: () => showToast("Dismissed. The conversation is no longer marked as not sent."),
          onError: (error) => showToast(`Not dismissed. ${describeError(error)}`),
        })
      }
      className="target -my-3.5 rounded-sm py-3.5 font-strong text-ink underline underline-offset-2"
    >
      {count > 1 ? `Dismiss all ${count}` : "Dismiss"}
    </button>
  );
}
