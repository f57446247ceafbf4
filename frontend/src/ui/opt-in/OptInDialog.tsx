/** Changes one record's opt-in, with its evidence: who said so, where, in which words (OPTIN-EVIDENCE). */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import type { OptInTarget } from "./ChangeOptIn";
import { useFormats } from "@/api/format";
import { phoneNumberQuery, useChangeOptIn, type PersonsSource } from "@/api/opt-ins";
import { describeError } from "@/api/problem";
import { may, useMe } from "@/api/session";
import type { OptInState } from "@/api/types";
import { describeRemoval, OPT_IN_LABEL } from "@/lib/optin";
import { Dialog } from "@/ui/Dialog";
import { Choice, FormActions, FormProblem, Mark, TextArea } from "@/ui/form";
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
  const me = useMe();
  // OPTIN-WHO: consent makes sending possible, so it needs what sending needs; a refusal does not.
  const mayConsent = may(me, "sms_logs") && may(me, "mass_text");
  const states = mayConsent ? STATES : STATES.filter(({ value }) => value === "opted_out" || (value === "unknown" && state !== "opted_out"));
  const number = useQuery({ ...phoneNumberQuery(phoneNumber), enabled: mayConsent });
  const standing = number.data?.refusals.filter(({ lifted_at }) => lifted_at === null) ?? [];
  const [replaced, setReplaced] = useState<string[]>([]);
  const [next, setNext] = useState<OptInState>(mayConsent ? state : "opted_out");
  const [source, setSource] = useState<PersonsSource | null>(null);
  const [wording, setWording] = useState("");
  const [note, setNote] = useState("");
  const [asked, setAsked] = useState(false);

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setAsked(true);
    if (!source) return;
    change.mutate(
      {
        state: next,
        source,
        wording: wording.trim() || null,
        note: note.trim() || null,
        ...(next === "opted_in" && replaced.length > 0 && { replaces_refusals: replaced }),
      },
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
        <Choice legend="State" options={states} value={next} onChange={setNext} />
        {!mayConsent && <p className="text-note text-ink-2">Recording that somebody agreed needs the SMS Logs and Mass Text permissions.</p>}
        {state === "opted_out" && next === "unknown" && (
          <Notice tone="warn" role="status">
            {ownerName} opted out. The number stays blocked for everyone, also when this record no longer says so.
          </Notice>
        )}
        {next === "opted_in" && standing.length > 0 && (
          <Notice tone="warn" role="note">
            <p>This number was opted out on a record that is gone. It stays blocked unless this consent replaces that:</p>
            {standing.map((refusal) => (
              <Mark
                key={refusal.id}
                label={`This replaces the refusal of ${refusal.owner_name}`}
                hint={`${describeRemoval(refusal, date)}.`}
                checked={replaced.includes(refusal.id)}
                onChange={({ target }) => setReplaced((all) => (target.checked ? [...all, refusal.id] : all.filter((id) => id !== refusal.id)))}
              />
            ))}
          </Notice>
        )}
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
