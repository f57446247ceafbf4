import { useState, type ComponentProps } from "react";

import { useEraseNumber, type Erasure } from "@/api/erasures";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem, TextArea } from "@/ui/form";
import { Notice } from "@/ui/states";

const digits = (text: string) => text.replace(/\D/g, "");

interface EraseNumberDialogProps {
  phoneNumber: string;
  onClose: () => void;
}

/** Says what goes and what stays, and asks for the number and a reason. */
export default function EraseNumberDialog({ phoneNumber, onClose }: EraseNumberDialogProps) {
  const { phone } = useFormats();
  const erase = useEraseNumber(phoneNumber);
  const submission = useSubmission();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const shown = phone(phoneNumber);
  const wanted = digits(phoneNumber);
  const given = digits(typed);
  const matches = typed.trim() === phoneNumber || (given !== "" && (given === wanted || given === digits(shown)));

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    if (matches && reason.trim() !== "") {
      const body = { reason: reason.trim() };
      erase.mutate({ body, key: submission.keyFor(body) });
    }
  };

  if (erase.data) {
    const title = erase.data.state === "running" ? `${shown} is being erased` : `${shown} is erased`;
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={title}>
        <div className="flex flex-col gap-4">
          <p>{describeErasure(erase.data)}</p>
          <div className="flex justify-end">
            <Button ref={focusIt} variant="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Erase ${shown}`}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <Notice tone="warn" role="note">
          <p>
            <b className="font-strong">Deleted for ever:</b> every text and file of this number, the number itself on every record, and the name of a
            contact or family that has no other number. Texts that are waiting are not sent.
          </p>
          <p className="mt-2">
            <b className="font-strong">Kept:</b> marks in the thread and the audit log without the number and the words, staff records, and a refusal
            to be texted, in a form that does not show the number. A new text from it starts a new conversation.
          </p>
        </Notice>
        <TextField label="Type the number to confirm" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} hint={shown} />
        <TextArea
          label="Reason"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          hint="It stays in the audit log: write no name and no number."
        />
        <FormProblem>{erase.isError && describeError(erase.error)}</FormProblem>
        <FormActions label="Erase for ever" pending={erase.isPending} disabled={!matches || reason.trim() === ""} danger onCancel={onClose} />
      </form>
    </Dialog>
  );
}

/** The button that had the focus is gone. */
const focusIt = (button: HTMLButtonElement | null) => button?.focus();

function describeErasure({ state, counts }: Erasure): string {
  if (state === "running") return "The number can no longer be texted. Its texts are being erased; this takes some minutes.";
  const texts = counts.texts === 1 ? "1 text is" : `${counts.texts} texts are`;
  const staff = counts.staff_records > 0 ? " A staff record stays, without this number." : "";
  const refusal = counts.refusals_kept > 0 ? " Its refusal to be texted stays." : "";
  return `${texts} erased.${staff}${refusal}`;
}
