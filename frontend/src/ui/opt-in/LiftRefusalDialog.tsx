/** Lifts a refusal whose record is gone, with an administrator's reason for the audit log. */
import { useState, type ComponentProps } from "react";

import type { RefusalTarget } from "./LiftRefusal";
import { useFormats } from "@/api/format";
import { useLiftRefusal } from "@/api/opt-ins";
import { describeError } from "@/api/problem";
import { Dialog } from "@/ui/Dialog";
import { FormActions, FormProblem, TextArea } from "@/ui/form";
import { showToast } from "@/ui/Toast";

export default function LiftRefusalDialog({ refusalId, phoneNumber, ownerName, onClose }: RefusalTarget & { onClose: () => void }) {
  const { phone } = useFormats();
  const lift = useLiftRefusal(phoneNumber, refusalId);
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const given = reason.trim();
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setAsked(true);
    if (given === "") return;
    // The refetched conversation may take this dialog away first: mutate would then tell nobody.
    lift.mutateAsync(given).then(
      () => {
        onClose();
        showToast(`The refusal of ${ownerName} no longer blocks ${phone(phoneNumber)}.`);
      },
      () => undefined, // The form says it.
    );
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Lift refusal" description={`${ownerName} · ${phone(phoneNumber)}`}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <p>
          Somebody at this number asked not to be texted. If they have agreed since, put the number on a record and opt it in instead: that keeps their
          consent as evidence.
        </p>
        <TextArea
          label="Reason"
          hint="It is kept in the audit log under your name."
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <FormProblem>{asked && given === "" ? "Write down the reason." : lift.isError && `Not lifted. ${describeError(lift.error)}`}</FormProblem>
        <FormActions label="Lift refusal" pending={lift.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
