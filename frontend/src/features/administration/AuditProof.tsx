/** Verifies the whole log and shows the result in words (AUDIT-CHAIN). */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useVerifyAuditLog, type AuditVerification } from "@/api/audit-log";
import { describeError, ProblemError } from "@/api/problem";
import { useMe } from "@/api/session";
import { plural } from "@/lib/text";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { CheckIcon, WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

/** `children` stand beside the button. */
export function AuditProof({ children }: { children: ReactNode }) {
  const verify = useVerifyAuditLog();
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">
          Every entry is sealed together with the one before it, so that changing or removing one shows.
        </p>
        <div className="flex gap-2">
          <Button disabled={verify.isPending} onClick={() => verify.mutate()}>
            Verify
          </Button>
          {children}
        </div>
      </div>
      <div aria-live="polite" className="mt-3 empty:hidden">
        {verify.isPending && (
          <Notice tone="neutral" role="note" icon={<Spinner />}>
            Checking every entry from the first to the last. This can take a minute.
          </Notice>
        )}
        {verify.isError && (
          <Notice tone="warn" role="note" icon={<WarningIcon size={18} />}>
            Nothing was proved. {explain(verify.error)}
          </Notice>
        )}
        {verify.isSuccess && <Result result={verify.data} />}
      </div>
    </>
  );
}

function Result({ result: { entries, broken } }: { result: AuditVerification }) {
  const me = useMe();
  if (broken === null) {
    return (
      <Notice tone="good" role="note" icon={<CheckIcon size={18} />}>
        The log is whole: {plural(entries ?? 0, "entry is as it was written", "entries are as they were written")}.
      </Notice>
    );
  }
  const ofBusiness = broken.chain_subject === me.organization.id;
  return (
    <Notice tone="bad" role="note" icon={<WarningIcon size={18} />}>
      <p>
        The log has been tampered with: entry {broken.chain_number} of {ofBusiness ? "the business’s own chain" : "a conversation"} is not
        right ({broken.problem}).
      </p>
      {broken.entry_id && <p className="text-ink-2 [overflow-wrap:anywhere]">Its id is {broken.entry_id}.</p>}
      {!ofBusiness && (
        <Link to="/messenger/$conversationId" params={{ conversationId: broken.chain_subject }} className="font-strong underline underline-offset-2">
          Open the conversation
        </Link>
      )}
    </Notice>
  );
}

/** A log that is too long to verify in a request answers 503; its sentence is the API's own. */
function explain(error: unknown): string {
  return error instanceof ProblemError && error.problem.detail !== null ? error.problem.detail : describeError(error);
}
