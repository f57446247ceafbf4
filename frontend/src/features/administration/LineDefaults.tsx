/** Which line a new conversation goes out on (LINE-CHOICE). */
import { useState } from "react";

import { countries } from "./line-providers";
import { useChangeDefaults, type Line } from "@/api/lines";
import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import { Button, IconButton } from "@/ui/Button";
import { SelectField } from "@/ui/form";
import { CloseIcon, PlusIcon } from "@/ui/icons";
import { showToast } from "@/ui/Toast";

export default function LineDefaults({ lines }: { lines: readonly Line[] }) {
  const { country: home } = useMe().organization;
  const change = useChangeDefaults();
  const [adding, setAdding] = useState<string | null>(null);
  const every = countries(home);
  const nameOf = (code: string) => every.find((each) => each.code === code)?.name ?? code;
  const chosen = lines.flatMap((line) => line.default_for.map((code) => ({ code, line }))).toSorted((a, b) => nameOf(a.code).localeCompare(nameOf(b.code)));
  const others = lines.find((line) => line.default);
  const save = (line: Line, body: { default?: boolean; default_for?: string[] }, said: string) =>
    change.mutate({ id: line.id, body }, { onSuccess: () => showToast(said), onError: (error) => showToast(`Not saved. ${describeError(error)}`) });
  const give = (code: string, id: string) => {
    const line = lines.find((each) => each.id === id);
    if (line) save(line, { default_for: [...line.default_for, code] }, `New texts to ${nameOf(code)} go out on ${line.label}.`);
    setAdding(null);
  };
  const options = lines.map((line) => (
    <option key={line.id} value={line.id}>
      {line.label}
    </option>
  ));
  const free = every.filter(({ code }) => !chosen.some((each) => each.code === code));

  return (
    <section aria-label="Default lines" className="mt-6 border-t border-line pt-5">
      <h2 className="font-heading">Which line a new conversation uses</h2>
      <p className="mt-1 text-note text-ink-2">
        A number that has a conversation keeps its line. For another, the line of its country below; else the default. The person sees the
        line before sending, and can change it.
      </p>
      <div className="mt-3 max-w-[480px] space-y-3">
        <SelectField
          label="Default"
          value={others?.id ?? ""}
          disabled={change.isPending}
          onChange={({ target }) => {
            const line = lines.find(({ id }) => id === target.value);
            if (line) save(line, { default: true }, `${line.label} is the default.`);
            else if (others) save(others, { default: false }, "There is no default now.");
          }}
        >
          <option value="">None: the oldest that may text the country</option>
          {options}
        </SelectField>
        {chosen.map(({ code, line }) => (
          <div key={code} className="flex items-end gap-2">
            <SelectField label={nameOf(code)} className="min-w-0 flex-1" value={line.id} disabled={change.isPending} onChange={({ target }) => give(code, target.value)}>
              {options}
            </SelectField>
            <IconButton
              label={`No line of its own for ${nameOf(code)}`}
              disabled={change.isPending}
              onClick={() => save(line, { default_for: line.default_for.filter((each) => each !== code) }, `${nameOf(code)} uses the default.`)}
            >
              <CloseIcon size={16} />
            </IconButton>
          </div>
        ))}
        {adding === null ? (
          <Button size="sm" onClick={() => setAdding("")}>
            <PlusIcon size={14} />
            Add a country
          </Button>
        ) : (
          <div className="grid grid-cols-2 items-end gap-2">
            <SelectField label="Country" value={adding} onChange={({ target }) => setAdding(target.value)}>
              <option value="">Choose</option>
              {free.map(({ code, name }) => (
                <option key={code} value={code}>
                  {name}
                </option>
              ))}
            </SelectField>
            <SelectField label="Line" value="" disabled={adding === "" || change.isPending} onChange={({ target }) => give(adding, target.value)}>
              <option value="">Choose</option>
              {options}
            </SelectField>
          </div>
        )}
      </div>
    </section>
  );
}
