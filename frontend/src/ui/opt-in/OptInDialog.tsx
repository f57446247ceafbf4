/** Changes one record's opt-in, with its evidence: who said so, where, in which words (OPTIN-EVIDENCE). */
import { useState, type ComponentProps } from "react";

import type { OptInTarget } from "./ChangeOptIn";
import { useFormats } from "@/api/format";
import { useChangeOptIn, type PersonsSource } from "@/api/opt-ins";
import { describeError } from "@/api/problem";
import type { OptInState } from "@/api/types";
import { OPT_IN_LABEL } from "@/lib/optin";
import { Dialog } from "@/ui/Dialog";
import { Choice, FormActions, FormProblem, TextArea } from "@/ui/form";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const STATES: { value: OptInState; label: string; hint?: string }[] = [
  { value: "opted_in", label: OPT_IN_LABEL.opted_in, hint: "They agreed to be texted." },
  { value: "opted_out", label: OPT_IN_LABEL.opted_out, hint: "Blocks the number for every record that has it." },
  { value: "unknown", label: OPT_IN_LABEL.unknown, hint: "Nothing is known; the number can't be texted." },
];

const SOURCES: { value: PersonsSource; label: string }[] = [
  { value: "verbal", label: "They told us" },
  { value: "portal", label: "They chose it in the portal" },
  { value: "staff", label: "We decided it" },
];

export default function OptInDialog({ phoneRecordId, phoneNumber, ownerName, contactName, state, stoppedAt, onClose }: OptInTarget & { onClose: () => void }) {
  const change = useChangeOptIn(phoneRecordId);
  const { date, phone } = useFormats();
  const [next, setNext] = useState<OptInState>(state);
  const [source, setSource] = useState<PersonsSource | null>(null);
  const [wording, setWording] = useState("");
  const [note, setNote] = useState("");
  const [asked, setAsked] = useState(false);

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setAsked(true);
    if (!source) return;
    change.mutate(
      { state: next, source, wording: wording.trim() || null, note: note.trim() || null },
      {
        onSuccess: () => {
          onClose();
          showToast(`${ownerName}: ${OPT_IN_LABEL[next].toLowerCase()}.`);
        },
      },
    );
  };

  const who = [contactName, ownerName, phone(phoneNumber)].filter(Boolean).join(" · ");
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Change opt-in" description={who}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        {stoppedAt && (
          <Notice tone="warn" role="note" icon={<WarningIcon size={18} />}>
            This number was stopped on {date(stoppedAt)}. Only the person can lift that, by texting START; until then it can’t be texted, whatever this
            record says.
          </Notice>
        )}
        <Choice legend="State" options={STATES} value={next} onChange={setNext} />
        <Choice
          legend="How do we know?"
          options={SOURCES}
          value={source}
          onChange={setSource}
          error={asked && !source ? "Choose how we know." : null}
        />
        <TextArea
          label="Wording"
          hint="What they were shown or said, if you have it. It is kept as evidence."
          maxLength={2000}
          value={wording}
          onChange={(event) => setWording(event.target.value)}
        />
        <TextArea label="Note" maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
        <FormProblem>{change.isError && `Not changed. ${describeError(change.error)}`}</FormProblem>
        <FormActions label="Save" pending={change.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
