/** What a draft comes to: the text on a phone, how many get it, who is left out and why, how long it takes. */
import { useState, type ReactNode } from "react";

import { Estimated } from "./Cost";
import { LeftOut } from "./LeftOut";
import { Phone } from "./Phone";
import type { MassTextDraft } from "./useMassTextDraft";
import { count, counted, describeDuration, describeOverTheDay, overTheDay } from "./words";
import type { BroadcastPreview } from "@/api/broadcasts";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { cx } from "@/lib/cx";
import { Spinner } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { BackIcon, WarningIcon } from "@/ui/icons";
import { useMoments } from "@/ui/MomentPicker";
import { Notice } from "@/ui/states";

interface PreviewProps {
  draft: MassTextDraft;
  broadcastId: string | undefined;
  preview: BroadcastPreview | undefined;
  /** It is of what was there before. */
  isStale: boolean;
  error: unknown;
  onRetry: () => void;
}

export function Preview({ draft, broadcastId, preview, isStale, error, onRetry }: PreviewProps) {
  return (
    <aside aria-label="Preview" className="min-w-0 space-y-5 roomy:sticky roomy:top-5 roomy:self-start">
      <Examples draft={draft} preview={preview} isStale={isStale} />
      <div aria-live="polite" aria-busy={isStale} className={cx("space-y-3", isStale && preview && "opacity-60")}>
        {draft.lacking ? (
          <p className="text-note text-ink-2">
            {draft.lacking === "audience" ? "Say who gets it, and it is counted here." : "Write the text, and it is counted here."}
          </p>
        ) : error && !isStale ? (
          <Notice tone="bad" icon={<WarningIcon size={18} />} action={<Button size="sm" onClick={onRetry}>Count again</Button>}>
            It couldn’t be counted. {describeError(error)}
          </Notice>
        ) : preview && broadcastId ? (
          <Figures broadcastId={broadcastId} preview={preview} isStale={isStale} />
        ) : (
          <p className="flex items-center gap-2 text-note text-ink-2">
            <Spinner /> Counting who gets it
          </p>
        )}
      </div>
    </aside>
  );
}

function Figures({ broadcastId, preview, isStale }: { broadcastId: string; preview: BroadcastPreview; isStale: boolean }) {
  const { recipients, segments, seconds, lines } = preview;
  const each = segments.least === segments.most ? count(segments.most ?? 0) : `${segments.least ?? 0} to ${segments.most ?? 0}`;
  return (
    <>
      <p className="text-title font-heading tabular">
        {recipients === 0 ? "Nobody gets it" : `${counted(recipients, "number")} ${recipients === 1 ? "gets" : "get"} it`}
        {isStale && <Spinner className="ml-2 align-[-1px] text-ink-3" />}
      </p>
      <LeftOut broadcastId={broadcastId} leftOut={preview.left_out} unknown={preview.unknown} />
      {recipients > 0 && (
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-note">
          <Fact name="Texts">
            {each} each, {count(segments.total)} in all
          </Fact>
          <Fact name="Cost">
            <Estimated estimate={preview} />
          </Fact>
          <Hours preview={preview} />
          {overTheDay(preview) > 0 && <Fact name="Limit">{describeOverTheDay(preview)}</Fact>}
          {seconds !== null && <Fact name="Takes">{seconds < 1 ? "a moment" : `about ${describeDuration(seconds)}`}</Fact>}
          <Fact name={lines.length > 1 ? "Lines" : "Line"}>
            {lines.map(({ label, recipients: share }) => (lines.length > 1 ? `${label} (${count(share)})` : label)).join(", ")}
          </Fact>
        </dl>
      )}
      {preview.warnings.map(({ kind, detail }) => (
        <Notice key={kind} tone="warn" icon={<WarningIcon size={18} />} role="note">
          {detail}
        </Notice>
      ))}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="[overflow-wrap:anywhere] tabular">{children}</dd>
    </>
  );
}

function Hours({ preview: { hours } }: { preview: BroadcastPreview }) {
  const { brief } = useMoments();
  if (hours.later === 0) return null;
  return (
    <Fact name="Hours">
      {hours.now > 0 ? `${count(hours.now)} can be texted then` : "Nobody may be texted then"}; {count(hours.later)} wait
      {hours.opens_at && <> until {brief(hours.opens_at)}</>}
    </Fact>
  );
}

/** The text as up to three of the recipients get it; while it is written, with its fields as they are. */
function Examples({ draft, preview, isStale }: Pick<PreviewProps, "draft" | "preview" | "isStale">) {
  const { phone } = useFormats();
  const [at, setAt] = useState(0);
  const { header, body, footer } = draft.fields;
  const examples = preview && !draft.isDirty ? preview.examples : [];
  const shown = examples[Math.min(at, examples.length - 1)];
  const written = [header, body.trim(), footer].filter(Boolean).join("\n");
  const files = draft.files.files.flatMap(({ upload }) => (upload ? [upload] : []));
  const who = shown ? (shown.name ?? phone(shown.phone_number)) : null;
  return (
    <div>
      <Phone text={body.trim() === "" && files.length === 0 ? "" : (shown?.text ?? written)} files={files} to={who} isFaint={isStale && shown !== undefined} />
      {examples.length > 1 && shown && (
        <div className="mt-1.5 flex items-center justify-center gap-1 text-note text-ink-2">
          <IconButton label="The recipient before" disabled={at <= 0} onClick={() => setAt(at - 1)}>
            <BackIcon size={16} />
          </IconButton>
          <span className="tabular">
            Example {Math.min(at, examples.length - 1) + 1} of {examples.length}
          </span>
          <IconButton label="The next recipient" disabled={at >= examples.length - 1} onClick={() => setAt(at + 1)}>
            <span className="rotate-180">
              <BackIcon size={16} />
            </span>
          </IconButton>
        </div>
      )}
    </div>
  );
}
