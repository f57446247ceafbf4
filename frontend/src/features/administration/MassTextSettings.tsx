/** What holds for every mass text: its first and last line, when it may leave, and what has to be confirmed. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { hoursOf, type Hours } from "./away-hours";
import { HoursField } from "./HoursField";
import { massTextSettingsQuery, useChangeMassTextSettings, type MassTextSettings as Settings } from "@/api/broadcasts";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Skeleton, Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { FormProblem, Mark, TextArea } from "@/ui/form";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export default function MassTextSettings() {
  const { data, error, isError, refetch } = useQuery(massTextSettingsQuery);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-60" />;
  return <Loaded data={data} />;
}

function Loaded({ data }: { data: Settings }) {
  const { shown, key, load } = useLoaded(data);
  return <Editor key={key} stored={shown} onLoad={load} />;
}

const LONGEST_ADDED = 50;
const LONGEST_SIGNUP = 160;

function Editor({ stored, onLoad }: { stored: Settings; onLoad: (current: Settings) => void }) {
  const change = useChangeMassTextSettings();
  const [header, setHeader] = useState(stored.header);
  const [footer, setFooter] = useState(stored.footer);
  const [signup, setSignup] = useState(stored.signup);
  const [limit, setLimit] = useState(String(stored.confirm_above));
  const [needsApproval, setNeedsApproval] = useState(stored.needs_approval);
  const [hasHours, setHasHours] = useState(stored.hours !== null);
  const [hours, setHours] = useState<Hours>(() => hoursOf({ hours: stored.hours ?? {} }));
  const [tried, setTried] = useState(false);
  const limitProblem = /^\d{1,7}$/.test(limit.trim()) ? null : "Write a number, such as 500.";
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail ?? null;
  const [shown, setShown] = useState(stored);
  const save = (over: Settings) => {
    setTried(true);
    if (limitProblem) return;
    const body = { header: header.trim(), footer: footer.trim(), signup: signup.trim(), confirm_above: Number(limit), needs_approval: needsApproval, hours: hasHours ? hours : null };
    change.mutate(
      { shown: over, body },
      {
        onSuccess: (saved) => {
          setShown(saved);
          showToast("Settings of mass texts saved.");
        },
      },
    );
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(shown);
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-6">
      <section aria-labelledby="mass-text-lines" className="space-y-3">
        <h2 id="mass-text-lines" className="font-heading">First and last line</h2>
        <p className="text-note text-ink-2">They stand in each new mass text. Whoever writes one may change them there. Replies have none.</p>
        <div className="grid gap-4 desk:grid-cols-2">
          <TextField label="First line" maxLength={LONGEST_ADDED} dir="auto" autoComplete="off" placeholder="None" hint="Who it comes from" value={header} error={errorOf("/header")} onChange={(event) => setHeader(event.target.value)} />
          <TextField label="Last line" maxLength={LONGEST_ADDED} dir="auto" autoComplete="off" placeholder="None" hint="How to stop, such as “Reply STOP to opt out”" value={footer} error={errorOf("/footer")} onChange={(event) => setFooter(event.target.value)} />
        </div>
      </section>
      <section aria-labelledby="mass-text-signup" className="space-y-3 border-t border-line pt-5">
        <h2 id="mass-text-signup" className="font-heading">Sign-up message</h2>
        <TextArea
          label="Message"
          rows={3}
          maxLength={LONGEST_SIGNUP}
          dir="auto"
          hint="A number gets it once, when it first opts in. Empty: none."
          value={signup}
          onChange={(event) => setSignup(event.target.value)}
        />
        {errorOf("/signup") && <p role="alert" className="text-note text-red">{errorOf("/signup")}</p>}
      </section>
      <section aria-labelledby="mass-text-many" className="space-y-3 border-t border-line pt-5">
        <h2 id="mass-text-many" className="font-heading">To many</h2>
        <TextField
          label="From how many numbers on to ask"
          className="max-w-[320px]"
          inputMode="numeric"
          autoComplete="off"
          hint="Whoever sends to more has to type how many."
          value={limit}
          error={(tried ? limitProblem : null) ?? errorOf("/confirm_above")}
          onChange={(event) => setLimit(event.target.value)}
        />
        <Mark
          label="Two administrators have to agree"
          hint="To each mass text to more than that. An administrator who sends it counts as one."
          checked={needsApproval}
          onChange={(event) => setNeedsApproval(event.target.checked)}
        />
      </section>
      <fieldset className="space-y-3 border-t border-line pt-5">
        <legend className="sr-only">When mass texts may leave</legend>
        <h2 aria-hidden="true" className="font-heading">When mass texts may leave</h2>
        <p className="text-note text-ink-2">None reaches a number before 8 am or after 9 pm where it lives. You can narrow that to hours of your own.</p>
        <Mark label="Only within these hours" checked={hasHours} onChange={(event) => setHasHours(event.target.checked)} />
        {hasHours && (
          <>
            <HoursField hours={hours} onChange={setHours} errorOf={errorOf} />
            <p className="text-note text-ink-2">In the zone of the business: {stored.timezone.replaceAll("_", " ")}.</p>
          </>
        )}
      </fieldset>
      <ChangedMeanwhile error={change.error} pending={change.isPending} onLoad={onLoad} onKeep={save} />
      <FormProblem>{change.error && !(change.error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(change.error))}</FormProblem>
      <Button type="submit" variant="primary" disabled={change.isPending}>
        {change.isPending && <Spinner />}
        Save
      </Button>
    </form>
  );
}
