/** A text that leaves later, at the end of the thread: when, by whom, and what holds it back. */
import { useState } from "react";

import { explainProblem } from "./explain-refusal";
import { MediaList } from "./Media";
import { MessageText } from "./MessageText";
import { useFormats } from "@/api/format";
import { describeError, isProblem } from "@/api/problem";
import { useScheduleAgain, useScheduledText, useWithdraw } from "@/api/scheduled";
import { may, useMe } from "@/api/session";
import type { Message, ScheduledText } from "@/api/types";
import { useNow } from "@/lib/clock";
import { atClock, dayAndClock } from "@/lib/days";
import { describeKind, describeSize } from "@/lib/describe-file";
import { momentProblem } from "@/lib/moments";
import { nameIntegration, plural } from "@/lib/text";
import { bubbleLook } from "@/ui/bubble";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { ClockIcon, WarningIcon } from "@/ui/icons";
import { describeZone, MomentFields } from "@/ui/MomentPicker";
import { showToast } from "@/ui/Toast";
import { cx } from "@/lib/cx";

interface ScheduledCardProps {
  text: ScheduledText;
  messages: readonly Message[];
  /** The last message that this person has seen. */
  seenSeq: number;
}

export default function ScheduledCard({ text, messages, seenSeq }: ScheduledCardProps) {
  const { dateTime, date } = useFormats();
  const maySend = may(useMe(), "mass_text");
  const { sendNow } = useScheduledText(text);
  const withdraw = useWithdraw();
  const again = useScheduleAgain(text);
  const [isChanging, setChanging] = useState(false);
  const by = text.scheduled_by.kind === "api_key" ? nameIntegration(text.scheduled_by.name) : text.scheduled_by.name;
  const isHeld = text.status === "held";
  const hasNew = text.has_new || messages.some(({ direction, seq }) => direction === "inbound" && seq > text.seen_seq);
  const explain = (error: unknown) => (isProblem(error) ? explainProblem(error.problem, date) : describeError(error));
  const busy = sendNow.isPending || withdraw.isPending;

  const send = () =>
    sendNow.mutate({ key: crypto.randomUUID(), seenSeq }, { onError: (error) => showToast(`Not sent. ${explain(error)}`) });
  const takeBack = () => {
    const key = crypto.randomUUID();
    const schedule = () => again.mutate(key, { onError: (error) => showToast(`Not scheduled again. ${explain(error)}`) });
    // The card may be gone before the answer comes.
    void withdraw.mutateAsync(text).then(
      () => showToast("Scheduled text withdrawn", isHeld ? undefined : { label: "Undo", run: schedule }),
      (error: unknown) => showToast(`Not withdrawn. ${explain(error)}`),
    );
  };

  return (
    <article aria-label={isHeld ? "Scheduled text, held back" : "Scheduled text"} data-entry={text.id} className="mt-3 flex flex-col items-end">
      {(text.body !== "" || text.media_urls.length > 0) && (
        <MessageText
          body={[text.body, text.media_urls.length > 0 && `with ${plural(text.media_urls.length, "file")}`].filter(Boolean).join("\n")}
          className={cx(bubbleLook({ tone: isHeld ? "failed" : "inbound", outbound: true, ends: true }), !isHeld && "border-dashed !border-accent")}
        />
      )}
      <MediaList media={text.files} outbound />
      <p className={cx("mx-1.5 mt-1 flex items-center gap-1 text-meta", isHeld ? "text-red" : "text-ink-2")}>
        {isHeld ? <WarningIcon size={14} /> : <ClockIcon size={14} />}
        {isHeld ? (
          <span>
            <b className="font-strong">Not sent.</b> {text.held?.reason || "It was held back."}
          </span>
        ) : (
          <span>
            {by} scheduled it for <b className="font-strong">{dateTime(text.send_at)}</b>
            {text.close && ", and closes then"}
          </span>
        )}
      </p>
      {!isHeld && hasNew && text.only_if_nothing_new && (
        <p className="mx-1.5 mt-0.5 max-w-[440px] text-right text-meta text-amber">
          They have written since. It will be held back, unless you send it now or change it.
        </p>
      )}
      {maySend && (
        <div className="mx-1.5 mt-1.5 mb-1 flex flex-wrap justify-end gap-2">
          <Button size="sm" variant="quiet" disabled={busy} onClick={takeBack}>
            Withdraw
          </Button>
          <Button size="sm" disabled={busy} onClick={() => setChanging(true)}>
            Change
          </Button>
          <Button size="sm" variant={isHeld ? "primary" : "secondary"} disabled={busy} onClick={send}>
            Send now
          </Button>
        </div>
      )}
      {isChanging && <ChangeScheduled text={text} explain={explain} onClose={() => setChanging(false)} />}
    </article>
  );
}

interface ChangeScheduledProps {
  text: ScheduledText;
  explain: (error: unknown) => string;
  onClose: () => void;
}

function ChangeScheduled({ text, explain, onClose }: ChangeScheduledProps) {
  const { timezone } = useMe().organization;
  const { change } = useScheduledText(text);
  const now = useNow();
  const [body, setBody] = useState(text.body);
  const [files, setFiles] = useState(text.files);
  const [at, setAt] = useState(() => dayAndClock(new Date(Math.max(Date.parse(text.send_at), now.getTime() + 3_600_000)), timezone));
  const [always, setAlways] = useState(!text.only_if_nothing_new);
  const problem = momentProblem(at.day, at.clock, timezone, now);
  const saysNothing = body.trim() === "" && text.media_urls.length === 0 && files.length === 0;
  const save = () =>
    change.mutate(
      {
        body: body.trimEnd(),
        send_at: atClock(at.day, at.clock, timezone),
        only_if_nothing_new: !always,
        ...(files !== text.files && { attachments: files.flatMap(({ id }) => (id === null ? [] : [id])) }),
      },
      { onSuccess: onClose },
    );
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Change the scheduled text">
      <div className="space-y-3">
        <label className="block font-strong">
          Text
          <textarea
            rows={4}
            dir="auto"
            maxLength={1600}
            value={body}
            onChange={(event) => setBody(event.target.value)}
            className="mt-1 block w-full rounded-md border border-edge bg-surface px-3 py-2 font-normal text-ink [@media(hover:none)]:text-title"
          />
        </label>
        {files.length > 0 && (
          <ul aria-label="Files of the text" className="space-y-1">
            {files.map((file, index) => (
              <li key={file.url} className="flex items-center gap-2 text-note">
                <span className="min-w-0 flex-1">
                  {describeKind(file)} {files.length > 1 && index + 1}
                  {file.size !== null && ` · ${describeSize(file.size)}`}
                </span>
                <Button size="sm" variant="quiet" onClick={() => setFiles(files.filter((each) => each !== file))}>
                  Take it off
                </Button>
              </li>
            ))}
          </ul>
        )}
        <fieldset>
          <legend className="mb-1 font-strong">Leaves at, in {describeZone(timezone)}</legend>
          <MomentFields value={at} onChange={setAt} problem={problem} />
        </fieldset>
        <label className="flex min-h-[44px] items-center gap-2">
          <input type="checkbox" checked={always} onChange={(event) => setAlways(event.target.checked)} className="size-4 accent-accent" />
          Send it even if they write before then
        </label>
        {change.isError && (
          <p role="alert" className="text-note text-red">
            Not changed. {explain(change.error)}
          </p>
        )}
      </div>
      <DialogFoot>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" disabled={saysNothing || problem !== null || change.isPending} onClick={save}>
          Save
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
