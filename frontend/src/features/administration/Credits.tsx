/** The balance that the business runs on, if it does (COST). */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { creditsQuery, useAddCredits, useChangeCredits, type Credits } from "@/api/costs";
import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { shownMoney, typedAmount, typedChange } from "@/lib/money";
import { useSubmission } from "@/lib/submission";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem, Mark } from "@/ui/form";
import { WarningIcon } from "@/ui/icons";
import { ErrorState, Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export default function CreditsPart() {
  const { data, error, isError, refetch } = useQuery(creditsQuery);
  const [open, setOpen] = useState<"add" | "settings" | null>(null);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-24" />;
  return (
    <section aria-labelledby="credits">
      <h2 id="credits" className="text-title font-heading">
        Credits
      </h2>
      <Standing credits={data} />
      <div className="mt-3 flex flex-wrap gap-2">
        {data.is_on && (
          <Button variant="primary" onClick={() => setOpen("add")}>
            Add credits
          </Button>
        )}
        <Button onClick={() => setOpen("settings")}>{data.is_on ? "Settings of credits" : "Run on credits"}</Button>
      </div>
      {open === "add" && data.currency !== null && <Adding currency={data.currency} onClose={() => setOpen(null)} />}
      {open === "settings" && <Settings credits={data} onClose={() => setOpen(null)} />}
    </section>
  );
}

function Standing({ credits: { is_on, balance, currency, standing, low_below, low_since } }: { credits: Credits }) {
  const { moment } = useFormats();
  if (!is_on || balance === null || currency === null) {
    return <p className="mt-1 text-ink-2">Texts leave whatever they cost. With credits, they take of a balance and stop when it is used up.</p>;
  }
  const left = shownMoney({ amount: balance, currency });
  return (
    <>
      <p className="mt-1">
        <span className="text-page font-heading tabular">{left}</span> <span className="text-ink-2">left</span>
      </p>
      {standing === "used_up" && (
        <Notice tone="bad" className="mt-2" icon={<WarningIcon size={16} />}>
          The credits are used up, so no text leaves. Mass texts are paused. Add credits to go on.
        </Notice>
      )}
      {standing === "low" && (
        <Notice tone="warn" className="mt-2" icon={<WarningIcon size={16} />}>
          The balance is low{low_since !== null && `, since ${moment(low_since)}`}.
        </Notice>
      )}
      {low_below !== null && standing === "enough" && (
        <p className="mt-1 text-note text-ink-2">Administrators are told once it is below {shownMoney({ amount: low_below, currency })}.</p>
      )}
    </>
  );
}

function Adding({ currency, onClose }: { currency: string; onClose: () => void }) {
  const add = useAddCredits();
  const submission = useSubmission();
  const [typed, setTyped] = useState("");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const amount = typedChange(typed);
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setTried(true);
    if (amount === null) return;
    const body = { amount, note: note.trim() };
    add.mutate(
      { ...body, key: submission.keyFor(body) },
      {
        onSuccess: ({ balance }) => {
          onClose();
          showToast(`${shownMoney({ amount: balance ?? "0", currency })} left now.`);
        },
      },
    );
  };
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()} title="Add credits" description="To take credits out, put a minus before the amount.">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate autoComplete="off">
        <TextField
          label={`Amount in ${currency}`}
          inputMode="decimal"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          error={tried && amount === null ? "Give an amount, such as 50.00." : null}
        />
        <TextField label="Note (optional)" value={note} maxLength={200} onChange={(event) => setNote(event.target.value)} hint="It is kept in the audit log." />
        <FormProblem>{add.error && describeError(add.error)}</FormProblem>
        <FormActions label="Add" pending={add.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

function Settings({ credits, onClose }: { credits: Credits; onClose: () => void }) {
  const change = useChangeCredits();
  const [isOn, setIsOn] = useState(credits.is_on || credits.currency === null);
  const [currency, setCurrency] = useState(credits.currency ?? "USD");
  const [low, setLow] = useState(credits.low_below ?? "");
  const [tried, setTried] = useState(false);
  const lowBelow = low.trim() === "" ? null : typedAmount(low);
  const lowIsWrong = low.trim() !== "" && lowBelow === null;
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setTried(true);
    if (lowIsWrong) return;
    change.mutate(
      { is_on: isOn, currency: currency.trim().toUpperCase(), low_below: lowBelow },
      {
        onSuccess: (saved) => {
          onClose();
          showToast(saved.is_on ? "The business runs on credits." : "The business does not run on credits.");
        },
      },
    );
  };
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null;
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()} title="Run on credits" description="Every line in service needs prices in the same currency.">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate autoComplete="off">
        <Mark
          label="Texts take of a balance"
          hint="Failed texts take nothing. At zero no text leaves, but for answers to STOP, START and HELP."
          checked={isOn}
          onChange={(event) => setIsOn(event.target.checked)}
        />
        <TextField label="Currency" value={currency} maxLength={3} onChange={(event) => setCurrency(event.target.value)} error={errorOf("/currency")} hint="Its code, such as USD." />
        <TextField
          label="Tell administrators below"
          inputMode="decimal"
          value={low}
          onChange={(event) => setLow(event.target.value)}
          hint="Empty: once the balance is used up."
          error={tried && lowIsWrong ? "Give an amount, such as 20.00." : errorOf("/low_below")}
        />
        <FormProblem>{change.error && (errorOf("/is_on") ?? (fieldErrors.length === 0 && describeError(change.error)))}</FormProblem>
        <FormActions label="Save" pending={change.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
