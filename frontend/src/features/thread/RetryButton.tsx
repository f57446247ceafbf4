import { explainProblem } from "./explain-refusal";
import { useFormats } from "@/api/format";
import { useRetryMessage } from "@/api/messages";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { Message } from "@/api/types";
import { showToast } from "@/ui/Toast";

/** Sends a failed message again; shows the reason if it cannot be sent. */
export function RetryButton({ message }: { message: Message }) {
  const retry = useRetryMessage(message);
  const { date } = useFormats();

  const explain = (error: unknown) =>
    isProblem(error, PROBLEM.notAllowedToText) ? explainProblem(error.problem, date) : describeError(error);

  return (
    <button
      type="button"
      disabled={retry.isPending}
      onClick={() => retry.mutate(undefined, { onError: (error) => showToast(`Not sent again. ${explain(error)}`) })}
      className="target rounded-sm py-3.5 desk:-my-3.5 font-strong text-ink underline underline-offset-2"
    >
      Send again
    </button>
  );
}
