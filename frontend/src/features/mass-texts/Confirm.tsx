/** The last look before a mass text goes: to how many, when, and what to think of. */
import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type ComponentProps, type ReactNode } from "react";

import { AnyHour, Approvals, outsideHours } from "./ConfirmParts";
import { estimateInWords, ToCredits } from "./Cost";
import { Phone } from "./Phone";
import { count, counted, describeDuration, describeOverTheDay, overTheDay } from "./words";
import { broadcastPreviewQuery, useBroadcastDeed, useSendBroadcast, type BroadcastConfirmation, type BroadcastDetail, type BroadcastPreview } from "@/api/broadcasts";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useNow } from "@/lib/clock";
import { useSubmission } from "@/lib/submission";
import { Skeleton, Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormProblem, Mark } from "@/ui/form";
import { WarningIcon } from "@/ui/icons";
import { describeZone, useMoments } from "@/ui/MomentPicker";
import { ErrorState, Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";
import { may, useMe } from "@/api/session";

interface ConfirmProps {
  broadcast: BroadcastDetail;
  onClose: () => void;
  onSent: () => void;
}

export default function Confirm({ broadcast, onClose, onSent }: ConfirmProps) {
  const { data, error, isFetching, refetch } = useQuery({ ...broadcastPreviewQuery(broadcast.id, broadcast.updated_at), placeholderData: undefined });
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={`Send “${broadcast.name}”?`}>
      {error && !isFetching ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <Form broadcast={broadcast} preview={data} onClose={onClose} onSent={onSent} />
      ) : (
        <Skeleton className="h-60" />
      )}
    </Dialog>
  );
}

interface FormProps extends ConfirmProps {
  /** Within the hours. */
  preview: BroadcastPreview;
}

function Form({ broadcast, preview: lawful, onClose, onSent }: FormProps) {
  const send = useSendBroadcast(broadcast.id);
  const pause = useBroadcastDeed(broadcast.id, "pause");
  const submission = useSubmission();
  const { brief } = useMoments();
  const now = useNow();
  const [typed, setTyped] = useState("");
  const [isSure, setSure] = useState(false);
  const [reason, setReason] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const atAnyHour = useQuery({ ...broadcastPreviewQuery(broadcast.id, broadcast.updated_at, true), placeholderData: undefined, enabled: reason !== null });
  const preview = (reason !== null && atAnyHour.data) || lawful;
  const isCounted = reason === null || atAnyHour.data !== undefined;
  const mayOverride = may(useMe(), "mass_text_any_hour") && outsideHours(lawful) > 0;

  const { recipients, warnings, needs_confirmation: needsNumber, missing_approvals: missing } = preview;
  const later = broadcast.send_at !== null && Date.parse(broadcast.send_at) > now.getTime() ? broadcast.send_at : null;
  const problems = {
    number: needsNumber && Number(typed.replace(/\D/g, "")) !== recipients ? `Type ${count(recipients)}: that is how many get it now.` : null,
    sure: warnings.length > 0 && !isSure ? "Say that it is as you want it, or go back and change it." : null,
    reason: reason !== null && reason.trim().length < 3 ? "Say why. It is kept in the audit log." : null,
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setTried(true);
    if (Object.values(problems).some(Boolean) || !isCounted) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true], [data-unsure] input")?.focus());
      return;
    }
    const body: BroadcastConfirmation = { confirmed_recipients: recipients, ...(reason !== null && { any_hour_reason: reason.trim() }) };
    send.mutate(
      { body, key: submission.keyFor([body, broadcast.updated_at]) },
      {
        onSuccess: () => {
          onClose();
          onSent();
          if (later) showToast(`“${broadcast.name}” goes out ${brief(later)}.`);
          else showToast(`“${broadcast.name}” goes out to ${counted(recipients, "number")}.`, { label: "Pause", run: () => pause.mutate() });
        },
      },
    );
  };
  if (recipients === 0 && !mayOverride) {
    return (
      <>
        <p>Nobody of this audience can be texted. Go back, choose others, or see beside the text why each is left out.</p>
        <DialogFoot>
          <Button onClick={onClose}>Back</Button>
        </DialogFoot>
      </>
    );
  }
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <div className="grid gap-x-8 gap-y-5 desk:grid-cols-[minmax(0,1fr)_280px]">
        <div className="min-w-0 space-y-4">
          <Facts broadcast={broadcast} preview={preview} later={later} />
          <Warnings warnings={warnings} isSure={isSure} onSure={setSure} problem={tried ? problems.sure : null} />
          <AnyHour preview={lawful} reason={reason} onReason={setReason} problem={tried ? problems.reason : null} />
          {needsNumber && (
            <TextField
              label={`Type the number of recipients: ${count(recipients)}`}
              inputMode="numeric" autoComplete="off" className="max-w-[260px]" value={typed}
              error={tried ? problems.number : null}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
          <Approvals broadcast={broadcast} missing={missing} />
          <FormProblem>
            {send.error ? `Not sent. ${describeError(send.error)}` : reason !== null && atAnyHour.error ? `It couldn’t be counted. ${describeError(atAnyHour.error)}` : null}
          </FormProblem>
          {isProblem(send.error, PROBLEM.noCredits) && <p className="text-note">It stays a draft until then. <ToCredits /></p>}
        </div>
        <div className="max-desk:hidden">
          <Phone text={preview.examples[0]?.text ?? ""} files={broadcast.attachments} to={preview.examples[0]?.name ?? null} />
        </div>
      </div>
      <DialogFoot>
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" variant="primary" disabled={send.isPending || missing > 0 || recipients === 0 || !isCounted}>
          {(send.isPending || atAnyHour.isFetching) && <Spinner />}
          {later ? `Schedule for ${brief(later)}` : `Send to ${counted(recipients, "number")}`}
        </Button>
      </DialogFoot>
    </form>
  );
}

function Facts({ broadcast, preview, later }: { broadcast: BroadcastDetail; preview: BroadcastPreview; later: string | null }) {
  const { timezone } = useMe().organization;
  const { brief } = useMoments();
  const leftOut = preview.considered - preview.recipients;
  const wasFor = broadcast.send_at !== null && later === null;
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-1.5">
      <Fact name="To">
        <b className="font-strong">{counted(preview.recipients, "number")}</b>
        {leftOut > 0 && `, ${count(leftOut)} left out`}
      </Fact>
      <Fact name="When">
        {later ? `${brief(later)} (${describeZone(timezone)})` : wasFor ? "At once: its time has passed" : "At once"}
      </Fact>
      <Fact name="Texts">{counted(preview.segments.total, "text")}{preview.seconds !== null && preview.seconds >= 1 && `, in about ${describeDuration(preview.seconds)}`}</Fact>
      <Fact name="Cost">{estimateInWords(preview)}</Fact>
      {overTheDay(preview) > 0 && <Fact name="Limit">{describeOverTheDay(preview)}</Fact>}
      <Fact name="From">{preview.lines.map(({ label }) => label).join(", ")}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="tabular first-letter:uppercase">{children}</dd>
    </>
  );
}

interface WarningsProps {
  warnings: BroadcastPreview["warnings"];
  isSure: boolean;
  onSure: (isSure: boolean) => void;
  problem: string | null;
}

/** What looks like a mistake is asked about. */
function Warnings({ warnings, isSure, onSure, problem }: WarningsProps) {
  if (warnings.length === 0) return null;
  return (
    <Notice tone="warn" icon={<WarningIcon size={18} />} role="note">
      <ul className="space-y-1">
        {warnings.map(({ kind, detail }) => (
          <li key={kind}>{detail}</li>
        ))}
      </ul>
      <div {...(!isSure && { "data-unsure": "" })} className="mt-1.5 text-body">
        <Mark label="It is as I want it" checked={isSure} onChange={(event) => onSure(event.target.checked)} />
      </div>
      {problem && <p role="alert" className="text-note text-red">{problem}</p>}
    </Notice>
  );
}
