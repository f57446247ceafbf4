import { useOptOutAsAsked } from "@/api/consent";
import { describeError } from "@/api/problem";
import type { ConversationDetail, Message } from "@/api/types";
import { Button } from "@/ui/Button";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** A message that asks in plain words to stop. Nothing happens without a person; one click does it (OPTIN-PLAIN-WORDS). */
export function StopRequest({ conversation, message }: { conversation: ConversationDetail; message: Message }) {
  const optOut = useOptOutAsAsked(conversation);
  const { instances, reason } = conversation.opt_in_check;
  if (reason === "stopped" || instances.some((instance) => instance.state === "opted_out")) return null;

  const hasRecord = instances.some((instance) => !instance.archived);
  return (
    <Notice
      tone="warn"
      role="note"
      className="mt-1 mb-2 max-w-[560px]"
      icon={<WarningIcon size={16} />}
      action={
        hasRecord && (
          <Button
            size="sm"
            disabled={optOut.isPending}
            onClick={() =>
              optOut.mutate(message, {
                onSuccess: () => showToast("Opted out. This number can no longer be texted."),
                onError: (error) => showToast(`Not opted out. ${describeError(error)}`),
              })
            }
          >
            Opt out
          </Button>
        )
      }
    >
      {hasRecord ? "This sounds like a request to stop texting." : "This sounds like a request to stop texting. No record has this number; it is best not to answer."}
    </Notice>
  );
}
