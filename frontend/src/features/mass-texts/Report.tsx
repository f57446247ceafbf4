/** A confirmed mass text: how far it has come, what became of each recipient, and what can be done about it. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState, type ReactNode } from "react";

import { describeAudience } from "./audience";
import { estimateInWords, Spent, ToCredits } from "./Cost";
import { PageHead } from "./PageHead";
import { Phone } from "./Phone";
import { ProgressBar } from "./ProgressBar";
import { Recipients } from "./Recipients";
import { count, counted, describeReason, PAUSED, progressOf, STATE } from "./words";
import { audiencesQuery, broadcastExportHref, useBroadcastDeed, useRetryBroadcast, type BroadcastDeed, type BroadcastDetail } from "@/api/broadcasts";
import { classQuery } from "@/api/classes";
import { useFormats } from "@/api/format";
import type { RecipientFilter } from "@/api/keys";
import { describeError } from "@/api/problem";
import { may, useMe } from "@/api/session";
import { describeWhen } from "@/lib/classes";
import { nameIntegration } from "@/lib/text";
import { findUnfilled } from "@/lib/reply-fields";
import { useSubmission } from "@/lib/submission";
import { Spinner, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ClockIcon, DownloadIcon, WarningIcon } from "@/ui/icons";
import { useMoments } from "@/ui/MomentPicker";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const CancelDialog = lazy(() => import("./CancelDialog"));

interface ReportProps {
  broadcast: BroadcastDetail;
  filter: RecipientFilter;
  onFilter: (filter: RecipientFilter) => void;
  /** Opens a scheduled one for a change. */
  onChange: () => void;
}

export function Report({ broadcast, filter, onFilter, onChange }: ReportProps) {
  const { label, tone } = STATE[broadcast.state];
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface print:h-auto">
      <PageHead title={broadcast.name} tag={<Tag tone={tone}>{label}</Tag>}>
        <Deeds broadcast={broadcast} onChange={onChange} />
      </PageHead>
      <div className="min-h-0 flex-1 overflow-y-auto print:overflow-visible">
        <div className="mx-auto grid max-w-[1080px] gap-x-10 gap-y-8 px-4 py-5 roomy:grid-cols-[minmax(0,1fr)_300px]">
          <div className="min-w-0 space-y-6">
            <Standing broadcast={broadcast} />
            <Recipients broadcast={broadcast} filter={filter} onFilter={onFilter} />
          </div>
          <aside aria-label="What was sent" className="space-y-5">
            <Phone files={broadcast.attachments} text={[broadcast.header, broadcast.body, broadcast.footer].filter((part) => part.trim() !== "").join("\n")} to={null} {...(findUnfilled(broadcast.body).length > 0 && { caption: "Each gets their own words in the braces" })} />
            <About broadcast={broadcast} />
          </aside>
        </div>
      </div>
    </main>
  );
}

/** What can be done with it in its state. */
function Deeds({ broadcast, onChange }: { broadcast: BroadcastDetail; onChange: () => void }) {
  const [cancelling, setCancelling] = useState(false);
  const { state, id } = broadcast;
  const isUnended = state === "scheduled" || state === "sending" || state === "paused";
  return (
    <>
      {state === "scheduled" && (
        <Button variant="primary" onClick={onChange}>
          Change
        </Button>
      )}
      {(state === "scheduled" || state === "sending") && <DeedButton broadcast={broadcast} deed="pause" label="Pause" />}
      {state === "paused" && broadcast.pause_reason !== "restored" && <DeedButton broadcast={broadcast} deed="resume" label="Resume" isPrimary />}
      {isUnended && (
        <Button variant="danger" onClick={() => setCancelling(true)}>
          Cancel it…
        </Button>
      )}
      {!isUnended && progressOf(broadcast).failed > 0 && <Retry broadcast={broadcast} />}
      {broadcast.confirmed_at !== null && (
        <a
          href={broadcastExportHref(id)}
          download
          className="inline-flex min-h-8 items-center gap-2 rounded-md border border-line bg-surface px-3 py-1.5 font-strong whitespace-nowrap text-ink transition-colors target hover:bg-sunken"
        >
          <DownloadIcon size={16} />
          Download CSV
        </a>
      )}
      {cancelling && (
        <Suspense fallback={null}>
          <CancelDialog broadcast={broadcast} onClose={() => setCancelling(false)} />
        </Suspense>
      )}
    </>
  );
}

interface DeedButtonProps {
  broadcast: BroadcastDetail;
  deed: Extract<BroadcastDeed, "pause" | "resume">;
  label: string;
  isPrimary?: boolean;
}

function DeedButton({ broadcast, deed, label, isPrimary = false }: DeedButtonProps) {
  const act = useBroadcastDeed(broadcast.id, deed);
  const me = useMe();
  const needsHours = deed === "resume" && broadcast.any_hour_reason !== null && !may(me, "mass_text_any_hour");
  const done = (saved: BroadcastDetail) => {
    const { gone, left } = progressOf(saved);
    if (deed === "resume") showToast(saved.state === "scheduled" ? "It is scheduled again." : `It goes on: ${counted(left, "number")} to go.`);
    else showToast(gone === 0 ? "Paused before anybody got it." : `Paused. ${count(gone)} of ${count(saved.recipients)} have got it.`);
  };
  return (
    <Button
      variant={isPrimary ? "primary" : "secondary"}
      disabled={act.isPending || needsHours}
      title={needsHours ? "It goes outside the hours, which needs the permission for it." : undefined}
      onClick={() => act.mutate(undefined, { onSuccess: done, onError: (error) => showToast(`Nothing has changed. ${describeError(error)}`) })}
    >
      {act.isPending && <Spinner />}
      {label}
    </Button>
  );
}

function Retry({ broadcast }: { broadcast: BroadcastDetail }) {
  const retry = useRetryBroadcast(broadcast.id);
  const submission = useSubmission();
  const navigate = useNavigate();
  return (
    <Button
      disabled={retry.isPending}
      onClick={() =>
        retry.mutate(submission.keyFor(broadcast.id), {
          onSuccess: ({ id }) => void navigate({ to: "/mass-texts/$broadcastId", params: { broadcastId: id } }),
          onError: (error) => showToast(`Not made. ${describeError(error)}`),
        })
      }
    >
      {retry.isPending && <Spinner />}
      Try the failed ones again
    </Button>
  );
}

/** Where it stands, in one sentence, with the bar. */
function Standing({ broadcast }: { broadcast: BroadcastDetail }) {
  const { brief } = useMoments();
  const { moment } = useFormats();
  const { gone, left, failed, total } = progressOf(broadcast);
  const { state, send_at, finished_at, pause_reason } = broadcast;
  const sentences: Record<BroadcastDetail["state"], ReactNode> = {
    draft: "It is a draft.",
    scheduled: <>It goes out {send_at && brief(send_at)} to {counted(total, "number")}.</>,
    sending: left === total ? <>It is about to go out to {counted(total, "number")}.</> : <>{count(gone)} of {counted(total, "number")} have gone, {count(left)} to go.</>,
    paused: <>{count(gone)} of {counted(total, "number")} had gone when it was paused; {count(left)} wait.</>,
    sent: <>It went to {counted(total, "number")}{finished_at && <>, finished {moment(finished_at)}</>}.</>,
    cancelled: total === 0 ? "It was discarded before anybody got it." : <>It was cancelled{finished_at && <> {moment(finished_at)}</>}. {count(gone)} of {counted(total, "number")} had got it.</>,
  };
  return (
    <section aria-label="Where it stands" className="space-y-3">
      <p role="status" className="text-title tabular">{sentences[state]}</p>
      {total > 0 && state !== "scheduled" && <ProgressBar broadcast={broadcast} className="!h-2.5" />}
      {state === "paused" && pause_reason && (
        <Notice tone="warn" icon={<WarningIcon size={18} />}>
          {PAUSED[pause_reason]} {pause_reason === "no_credits" && <ToCredits />}
        </Notice>
      )}
      {state === "sending" && broadcast.goes_on_at && (
        <Notice tone="neutral" icon={<ClockIcon size={18} />} role="note">
          The rest {left === 1 ? "waits" : "wait"} until {brief(broadcast.goes_on_at)}: for the hours in which they may be texted, or for the line’s next day.
        </Notice>
      )}
      {failed > 0 && (
        <p className="text-note text-red">
          {counted(failed, "text was", "texts were")} not sent. The list below says why for each.
        </p>
      )}
      {broadcast.any_hour_reason !== null && (
        <Notice tone="neutral" icon={<ClockIcon size={18} />} role="note">
          Sent outside the hours: {broadcast.any_hour_reason}
        </Notice>
      )}
    </section>
  );
}

/** Who wrote it, who sent it, to whom, and who was left out from the start. */
function About({ broadcast }: { broadcast: BroadcastDetail }) {
  const { moment } = useFormats();
  const { author, sender, audience, confirmed_at, approvals, segments, estimate } = broadcast;
  const classIds = [audience.families?.class_id].filter((id): id is string => Boolean(id));
  const classes = useQueries({ queries: classIds.map((id) => classQuery(id)) }).flatMap(({ data }) => (data ? [data] : []));
  const { data: lists } = useQuery({ ...audiencesQuery, enabled: audience.audience_ids.length > 0 });
  const names = { classes: new Map(classes.map((each) => [each.id, [describeWhen(each), each.name].join(" ").trim()])), lists: lists?.items ?? [] };
  const duplicates = Object.entries(broadcast.left_out).filter(([reason]) => reason === "duplicate" || reason === "another_contact");
  const nameOf = (actor: BroadcastDetail["author"]) => (actor.kind === "api_key" ? nameIntegration(actor.name) : actor.name);
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 text-note">
      <Fact name="To">{describeAudience(audience, names)}</Fact>
      <Fact name="Written by">{nameOf(author)}</Fact>
      {sender && confirmed_at && (
        <Fact name="Sent by">
          {nameOf(sender)}, {moment(confirmed_at)}
        </Fact>
      )}
      {approvals.length > 0 && <Fact name="Agreed">{approvals.map(({ name }) => name).join(", ")}</Fact>}
      <Fact name="Texts">{counted(segments, "text")} as confirmed</Fact>
      {estimate && <Fact name="Estimate">{estimateInWords(estimate)}</Fact>}
      {confirmed_at !== null && broadcast.state !== "scheduled" && (
        <Fact name="Cost">
          <Spent broadcast={broadcast} />
        </Fact>
      )}
      {duplicates.map(([reason, many]) => (
        <Fact key={reason} name={count(many)}>
          {describeReason(reason)}
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2 tabular">{name}</dt>
      <dd className="[overflow-wrap:anywhere] tabular">{children}</dd>
    </>
  );
}
