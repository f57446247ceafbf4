/** Writing a mass text: who gets it, what it says, when it goes; beside it what that comes to. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useRef, useState } from "react";

import { AudienceBuilder } from "./AudienceBuilder";
import { ComposerFoot } from "./ComposerFoot";
import type { MassTextDraft } from "./useMassTextDraft";
import { nameOf } from "./draft-fields";
import { PageHead } from "./PageHead";
import { Preview } from "./Preview";
import { useMassTextDraft } from "./useMassTextDraft";
import { When } from "./When";
import { Wording } from "./Wording";
import { STATE } from "./words";
import { broadcastPreviewQuery, type AudienceDescription, type BroadcastDetail } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { ChangedMeanwhileError } from "@/api/versions";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { TextField } from "@/ui/fields";
import { FormProblem } from "@/ui/form";
import { ClockIcon, InfoIcon } from "@/ui/icons";
import { useMoments } from "@/ui/MomentPicker";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const Confirm = lazy(() => import("./Confirm"));
const CancelDialog = lazy(() => import("./CancelDialog"));

interface ComposerProps {
  stored: BroadcastDetail | undefined;
  carried: AudienceDescription | null;
  onCreated: (id: string) => void;
  /** Back to the view of a scheduled one. */
  onLeave: () => void;
}

export function Composer({ stored, carried, onCreated, onLeave }: ComposerProps) {
  const [isReviewing, setReviewing] = useState(false);
  const [timeProblem, setTimeProblem] = useState<string | null>(null);
  const written = useMassTextDraft({ stored, carried, onCreated, isUrgent: isReviewing });
  // Who goes on writing is not interrupted by a look that they asked for before.
  const draft: MassTextDraft = { ...written, change: (edits) => { setReviewing(false); written.change(edits); } };
  const [cancelling, setCancelling] = useState(false);
  const preview = useQuery({ ...broadcastPreviewQuery(stored?.id ?? "", stored?.updated_at ?? ""), enabled: stored !== undefined && !draft.lacking });
  const form = useRef<HTMLDivElement>(null);

  const review = () => {
    if (draft.lacking) {
      showToast(draft.lacking === "text" ? "Write the text first." : "Say who gets it first.");
      form.current?.querySelector<HTMLElement>(draft.lacking === "text" ? "textarea" : "[data-audience] button")?.focus();
      return;
    }
    if (timeProblem) {
      showToast(timeProblem);
      form.current?.querySelector<HTMLElement>("input[type=time]")?.focus();
      return;
    }
    const { files, problem: filesProblem, isSendable } = draft.files;
    if (files.length > 0 && !isSendable) {
      showToast(filesProblem ?? "A file is still on its way. Wait for it, or remove it.");
      return;
    }
    draft.retry();
    setReviewing(true);
  };
  const isSettled = !draft.isDirty && !preview.isPlaceholderData;
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <PageHead title={draft.fields.name.trim() || (stored ? nameOf(draft.fields) : "New mass text")} tag={<Tag tone={STATE[stored?.state ?? "draft"].tone}>{STATE[stored?.state ?? "draft"].label}</Tag>}>
        {stored?.state === "draft" && (
          <Button variant="danger" onClick={() => setCancelling(true)}>
            Discard
          </Button>
        )}
        {stored?.state === "scheduled" && <Button onClick={onLeave}>Leave it as it is</Button>}
      </PageHead>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div ref={form} className="mx-auto grid max-w-[1080px] gap-x-10 gap-y-8 px-4 py-5 roomy:grid-cols-[minmax(0,1fr)_340px]">
          <div className="min-w-0 space-y-8">
            <StillScheduled stored={stored} />
            <Parts draft={draft} stored={stored} onTimeProblem={setTimeProblem} />
            <ChangedMeanwhile error={draft.error} pending={draft.isSaving} onLoad={draft.load} onKeep={draft.overwrite} />
            <FormProblem>{draft.error && !(draft.error instanceof ChangedMeanwhileError) ? `Not saved. ${describeError(draft.error)}` : null}</FormProblem>
          </div>
          <Preview
            draft={draft}
            broadcastId={stored?.id}
            preview={stored ? preview.data : undefined}
            isStale={!isSettled || preview.isFetching}
            error={preview.error}
            onRetry={() => void preview.refetch()}
          />
        </div>
      </div>
      <ComposerFoot draft={draft} stored={stored} preview={isSettled ? preview.data : undefined} isReviewing={isReviewing && !draft.error} onReview={review} />
      <Suspense fallback={null}>
        {isReviewing && stored && !draft.isDirty && <Confirm broadcast={stored} onClose={() => setReviewing(false)} onSent={onLeave} />}
        {cancelling && stored && <CancelDialog broadcast={stored} onClose={() => setCancelling(false)} />}
      </Suspense>
    </main>
  );
}

interface PartsProps {
  draft: MassTextDraft;
  stored: BroadcastDetail | undefined;
  onTimeProblem: (problem: string | null) => void;
}

function Parts({ draft, stored, onTimeProblem }: PartsProps) {
  const { fields, change, errorOf } = draft;
  const isRetry = Boolean(stored?.retry_of_broadcast_id);
  return (
    <>
      <TextField
        label="Name"
        hint="For your list and the report. Nobody gets to read it."
        autoComplete="off"
        maxLength={100}
        dir="auto"
        placeholder={fields.body.trim() ? nameOf({ name: "", body: fields.body }) : "Snow day"}
        value={fields.name}
        error={errorOf("/name")}
        onChange={(event) => change({ name: event.target.value })}
      />
      {isRetry ? (
        <Notice tone="neutral" icon={<InfoIcon size={18} />} role="note">
          It goes to the numbers that the mass text before did not reach.
        </Notice>
      ) : (
        <AudienceBuilder audience={fields.audience} onChange={(audience) => change({ audience })} error={errorOf("/audience")} />
      )}
      <Wording draft={draft} />
      <When value={fields.send_at} onChange={(send_at) => change({ send_at })} onProblem={onTimeProblem} />
    </>
  );
}

function StillScheduled({ stored }: { stored: BroadcastDetail | undefined }) {
  const { brief } = useMoments();
  if (stored?.state !== "scheduled") return null;
  return (
    <Notice tone="warn" icon={<ClockIcon size={18} />}>
      It goes out {stored.send_at && brief(stored.send_at)} as it is. Once you change something it is a draft again, and has to be confirmed again.
    </Notice>
  );
}
