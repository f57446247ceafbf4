/** Opening hours, and the message that answers texts outside them. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { hoursOf, type Hours } from "./away-hours";
import { HoursField } from "./HoursField";
import { useFormats } from "@/api/format";
import { awayQuery, useChangeAway, type Away } from "@/api/organization";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { countSegments } from "@/lib/segments";
import { plural } from "@/lib/text";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Skeleton, Spinner, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { FormProblem, Mark, TextArea } from "@/ui/form";
import { bubbleLook } from "@/ui/bubble";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const LONGEST = 320;

export function AwaySettings() {
  const { data, error, isError, refetch } = useQuery(awayQuery);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-60" />;
  return <Loaded data={data} />;
}

function Loaded({ data }: { data: Away }) {
  const { shown, key, load } = useLoaded(data);
  return <Editor key={key} stored={shown} onLoad={load} />;
}

function Editor({ stored, onLoad }: { stored: Away; onLoad: (current: Away) => void }) {
  const change = useChangeAway();
  const [hours, setHours] = useState<Hours>(() => hoursOf(stored));
  const [body, setBody] = useState(stored.body);
  const [enabled, setEnabled] = useState(stored.enabled);
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail ?? null;
  const [shown, setShown] = useState(stored);
  const save = (over: Away) =>
    change.mutate(
      { shown: over, body: { enabled, body: body.trim(), hours } },
      {
        onSuccess: (saved) => {
          setShown(saved);
          showToast("Opening hours and away message saved.");
        },
      },
    );
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(shown);
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-5">
      <fieldset>
        <legend className="sr-only">Opening hours</legend>
        <div className="mb-2 flex flex-wrap items-center gap-2">
          <h2 aria-hidden="true" className="font-heading">Opening hours</h2>
          <OpenNow away={shown} />
        </div>
        <HoursField hours={hours} onChange={setHours} errorOf={errorOf} />
        <p className="mt-1.5 text-note text-ink-2">In the zone of the business: {stored.timezone.replaceAll("_", " ")}.</p>
      </fieldset>
      <div className="grid gap-5 border-t border-line pt-5 desk:grid-cols-2">
        <div className="space-y-3">
          <h2 className="font-heading">Away message</h2>
          <Mark
            label="Answer texts outside opening hours"
            hint="The text stays unread, and the family still waits for you."
            checked={enabled}
            onChange={(event) => setEnabled(event.target.checked)}
          />
          <div>
            <TextArea label="Message" rows={4} maxLength={LONGEST} dir="auto" value={body} onChange={(event) => setBody(event.target.value)} />
            {errorOf("/body") && <p role="alert" className="mt-1 text-note text-red">{errorOf("/body")}</p>}
          </div>
        </div>
        <Preview body={body.trim()} />
      </div>
      <ChangedMeanwhile error={change.error} pending={change.isPending} onLoad={onLoad} onKeep={save} />
      <FormProblem>{change.error && !(change.error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(change.error))}</FormProblem>
      <Button type="submit" variant="primary" disabled={change.isPending}>
        {change.isPending && <Spinner />}
        Save
      </Button>
    </form>
  );
}

function OpenNow({ away: { is_open, opens_at } }: { away: Away }) {
  const { moment } = useFormats();
  if (is_open) return <Tag tone="good">Open now</Tag>;
  return <Tag>{opens_at ? `Closed until ${moment(opens_at)}` : "No opening hours"}</Tag>;
}

/** What a family gets, and when. */
function Preview({ body }: { body: string }) {
  const { segments } = countSegments(body);
  return (
    <div>
      <h3 className="mb-2 text-meta font-semibold text-ink-2">What a family gets</h3>
      <div className="flex flex-col gap-2 rounded-xl border border-line bg-bg p-3">
        <p className={`${bubbleLook({ tone: "outbound", outbound: true, ends: true })} self-end !max-w-[86%]`}>Is there class tomorrow?</p>
        <p dir="auto" className={`${bubbleLook({ tone: "inbound", outbound: false, ends: true })} self-start !max-w-[86%]`}>
          {body || <span className="text-ink-3">Your message</span>}
        </p>
        <p className="text-meta text-ink-2">{body ? `Sent as ${plural(segments, "text")}.` : "Write the message first."}</p>
      </div>
      <ul className="mt-2.5 list-disc space-y-1 pl-4 text-note text-ink-2">
        <li>Each number gets it once between closing and opening, and at most twice a day.</li>
        <li>Nobody gets it who may not be texted, who texts STOP, START or HELP, or who asks to stop.</li>
        <li>Nobody gets it while one of you looks at the conversation, or within 15 minutes of your last text.</li>
        <li>Automatic senders, such as short codes, get no answer.</li>
      </ul>
    </div>
  );
}
