/** Opening hours, and the message that answers texts outside them. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { dayName, hoursOf, MOST_SPANS, nextSpan, shownClose, storedClose, WEEKDAYS, type Hours, type Span, type Weekday } from "./away-hours";
import { useFormats } from "@/api/format";
import { awayQuery, useChangeAway, type Away } from "@/api/organization";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { countSegments } from "@/lib/segments";
import { plural } from "@/lib/text";
import { Skeleton, Spinner, Tag } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { FormProblem, Mark, TextArea } from "@/ui/form";
import { CloseIcon, PlusIcon } from "@/ui/icons";
import { bubbleLook } from "@/ui/bubble";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const LONGEST = 320;

export function AwaySettings() {
  const { data, error, isError, refetch } = useQuery(awayQuery);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-60" />;
  return <Editor stored={data} />;
}

function Editor({ stored }: { stored: Away }) {
  const change = useChangeAway();
  const [hours, setHours] = useState<Hours>(() => hoursOf(stored));
  const [body, setBody] = useState(stored.body);
  const [enabled, setEnabled] = useState(stored.enabled);
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail ?? null;
  const edit = (day: Weekday, spans: Span[]) => setHours({ ...hours, [day]: spans });
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    change.mutate({ enabled, body: body.trim(), hours }, { onSuccess: () => showToast("Opening hours and away message saved.") });
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-5">
      <fieldset>
        <legend className="sr-only">Opening hours</legend>
        <div className="mb-2 flex flex-wrap items-center gap-2">
          <h2 aria-hidden="true" className="font-heading">Opening hours</h2>
          <OpenNow away={stored} />
        </div>
        <ul className="divide-y divide-line">
          {WEEKDAYS.map((day) => (
            <Day
              key={day}
              day={day}
              spans={hours[day]}
              error={errorOf(`/hours/${day}`)}
              onChange={(spans) => edit(day, spans)}
              {...(day === "monday" && { onCopy: () => setHours({ ...hours, ...Object.fromEntries(WEEKDAYS.slice(1, 5).map((each) => [each, hours.monday])) }) })}
            />
          ))}
        </ul>
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
      <FormProblem>{change.error && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(change.error))}</FormProblem>
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

interface DayProps {
  day: Weekday;
  spans: readonly Span[];
  error: string | null;
  onChange: (spans: Span[]) => void;
  onCopy?: () => void;
}

const CLOCK = "h-9 min-w-0 rounded-md border border-edge bg-surface px-2 text-ink tabular max-desk:h-[44px] [@media(hover:none)]:text-title";

function Day({ day, spans, error, onChange, onCopy }: DayProps) {
  const name = dayName(day);
  const edit = (index: number, changed: Partial<Span>) => onChange(spans.map((span, at) => (at === index ? { ...span, ...changed } : span)));
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2">
      <span className="w-24 py-1.5 font-strong max-desk:flex-1">{name}</span>
      <div className="min-w-0 flex-1 space-y-1.5 max-desk:order-last max-desk:basis-full">
        {spans.length === 0 && <p className="py-1.5 text-ink-2">Closed</p>}
        {spans.map((span, index) => (
          // A span has no name but its place.
          <div key={index} className="flex items-center gap-2">
            <input type="time" aria-label={`${name} opens`} className={CLOCK} value={span.opens} onChange={(event) => edit(index, { opens: event.target.value })} />
            <span className="text-ink-2">to</span>
            <input
              type="time" aria-label={`${name} closes`} className={CLOCK} value={shownClose(span.closes)}
              onChange={(event) => edit(index, { closes: storedClose(event.target.value) })}
            />
            <IconButton label={`Remove these hours of ${name}`} onClick={() => onChange(spans.filter((_, at) => at !== index))}>
              <CloseIcon size={16} />
            </IconButton>
          </div>
        ))}
        {error && <p role="alert" className="text-note text-red">{error}</p>}
      </div>
      <div className="flex gap-2">
        {onCopy && spans.length > 0 && (
          <Button size="sm" variant="quiet" onClick={onCopy}>
            Same on weekdays
          </Button>
        )}
        {spans.length < MOST_SPANS && (
          <Button size="sm" aria-label={`${spans.length === 0 ? "Open" : "Add"} hours of ${name}`} onClick={() => onChange([...spans, nextSpan(spans)])}>
            <PlusIcon size={14} />
            {spans.length === 0 ? "Open" : "Add"}
          </Button>
        )}
      </div>
    </li>
  );
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
