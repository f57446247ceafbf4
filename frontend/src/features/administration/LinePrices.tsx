/** What a text on a line costs, by country (COST). */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { countries } from "./line-providers";
import { linePricesQuery, useChangePrices, type LinePrices as Prices } from "@/api/costs";
import type { Line } from "@/api/lines";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useMe } from "@/api/session";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { typedAmount } from "@/lib/money";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Skeleton } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem, SelectField } from "@/ui/form";
import { CloseIcon, PlusIcon } from "@/ui/icons";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const ELSEWHERE = "";

export default function LinePrices({ line, onClose }: { line: Line; onClose: () => void }) {
  const { data, error, isError, refetch } = useQuery(linePricesQuery(line.id));
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Prices of ${line.label}`}
      description="What the provider charges for a text. Its own figure counts where it reports one; else these, as they are when a text leaves."
    >
      {isError && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton className="h-40" />}
      {data && <Loaded line={line} data={data} onClose={onClose} />}
    </Dialog>
  );
}

interface Draft {
  key: string;
  country: string;
  text: string;
  picture: string;
}

const drafted = (country: string, text = "", picture = ""): Draft => ({ key: crypto.randomUUID(), country, text, picture });

function Loaded({ line, data, onClose }: { line: Line; data: Prices; onClose: () => void }) {
  const { shown, key, load } = useLoaded(data);
  return <Editor key={key} line={line} stored={shown} onLoad={load} onClose={onClose} />;
}

interface EditorProps {
  line: Line;
  stored: Prices;
  onLoad: (current: Prices) => void;
  onClose: () => void;
}

function Editor({ line, stored, onLoad, onClose }: EditorProps) {
  const { country: home } = useMe().organization;
  const change = useChangePrices(line.id);
  const [currency, setCurrency] = useState(stored.currency ?? "USD");
  const [rows, setRows] = useState<Draft[]>(() =>
    stored.prices.length > 0 ? stored.prices.map(({ country, text, picture }) => drafted(country ?? ELSEWHERE, text, picture)) : [drafted(line.country)],
  );
  const [tried, setTried] = useState(false);
  const edit = (key: string, fields: Partial<Draft>) => setRows(rows.map((each) => (each.key === key ? { ...each, ...fields } : each)));
  const names = new Map(countries(home).map(({ code, name }) => [code, name]));
  for (const code of [line.country, ...line.settings.countries, ...rows.map(({ country }) => country)]) {
    if (code && !names.has(code)) names.set(code, new Intl.DisplayNames("en", { type: "region" }).of(code) ?? code);
  }
  const save = (over: Prices) => {
    setTried(true);
    const prices = rows.map(({ country, text, picture }) => ({ country: country || null, text: typedAmount(text), picture: typedAmount(picture) }));
    if (!prices.every(isWhole)) return;
    change.mutate(
      { shown: over, body: { currency: prices.length > 0 ? currency.trim().toUpperCase() : null, prices } },
      {
        onSuccess: (saved) => {
          onClose();
          showToast(saved.currency === null ? `${line.label} has no price list now.` : `Prices of ${line.label} saved.`);
        },
      },
    );
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(stored);
  };
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null;
  const amountError = (pointer: string, typed: string) => (tried && typedAmount(typed) === null ? "Give an amount, such as 0.0079." : errorOf(pointer));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate autoComplete="off">
      {rows.length === 0 && <p className="text-ink-2">There is no price list: what a text costs is known only where the provider says so.</p>}
      {rows.length > 0 && (
        <TextField label="Currency" value={currency} maxLength={3} onChange={(event) => setCurrency(event.target.value)} hint="Its code, such as USD." error={errorOf("/currency")} />
      )}
      {rows.map((row, index) => {
        const name = names.get(row.country) ?? "every other country";
        return (
          <fieldset key={row.key} className="relative grid grid-cols-2 gap-x-3 gap-y-2 border-t border-line pt-3 desk:grid-cols-[1.4fr_1fr_1fr]">
            <legend className="sr-only">Prices for {name}</legend>
            <SelectField label="Country" className="min-w-0 max-desk:col-span-2 max-desk:pr-12" value={row.country} onChange={(event) => edit(row.key, { country: event.target.value })}>
              <option value={ELSEWHERE}>Every other</option>
              {[...names].map(([code, shown]) => (
                <option key={code} value={code}>
                  {shown}
                </option>
              ))}
            </SelectField>
            <TextField
              label="Text, a segment" inputMode="decimal" value={row.text} error={amountError(`/prices/${String(index)}/text`, row.text)}
              onChange={(event) => edit(row.key, { text: event.target.value })}
            />
            <div className="flex items-start gap-1">
              <TextField
                label="Picture" className="min-w-0 flex-1" inputMode="decimal" value={row.picture} error={amountError(`/prices/${String(index)}/picture`, row.picture)}
                onChange={(event) => edit(row.key, { picture: event.target.value })}
              />
              <IconButton className="max-desk:absolute max-desk:top-8 max-desk:right-0 desk:mt-6" label={`Remove the prices for ${name}`} onClick={() => setRows(rows.filter(({ key }) => key !== row.key))}>
                <CloseIcon size={16} />
              </IconButton>
            </div>
            {errorOf(`/prices/${String(index)}/country`) && <p className="col-span-full text-note text-red">{errorOf(`/prices/${String(index)}/country`)}</p>}
          </fieldset>
        );
      })}
      <Button size="sm" className="self-start" onClick={() => setRows([...rows, drafted(nextCountry(rows, [...names.keys()]))])}>
        <PlusIcon size={14} />
        Add a country
      </Button>
      <ChangedMeanwhile error={change.error} pending={change.isPending} onLoad={onLoad} onKeep={save} />
        <FormProblem>{change.error && !(change.error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(change.error))}</FormProblem>
      <FormActions label="Save" pending={change.isPending} onCancel={onClose} />
    </form>
  );
}

function isWhole(price: { country: string | null; text: string | null; picture: string | null }): price is { country: string | null; text: string; picture: string } {
  return price.text !== null && price.picture !== null;
}

/** The first without a price, then every other country. */
function nextCountry(rows: readonly Draft[], codes: readonly string[]): string {
  const taken = new Set(rows.map(({ country }) => country));
  return taken.has(ELSEWHERE) ? (codes.find((code) => !taken.has(code)) ?? ELSEWHERE) : ELSEWHERE;
}
