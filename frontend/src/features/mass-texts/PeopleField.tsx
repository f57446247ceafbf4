/** People chosen one by one, by name or number, or pasted as a list of numbers or ids. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";

import { AudiencePart, Chip } from "./AudiencePart";
import { counted } from "./words";
import type { AudienceDescription } from "@/api/broadcasts";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { recipientsQuery, type Recipient } from "@/api/recipients";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Combobox } from "@/ui/Combobox";

const PasteDialog = lazy(() => import("./PasteDialog"));

const TYPING_MS = 150;
/** More are a figure: nobody reads a thousand names. */
const SHOWN = 12;

interface PeopleFieldProps {
  audience: AudienceDescription;
  onChange: (changed: Pick<AudienceDescription, "numbers" | "external_ids">) => void;
}

export function PeopleField({ audience: { numbers, external_ids }, onChange }: PeopleFieldProps) {
  const [adding, setAdding] = useState<"search" | "paste" | null>(null);
  const add = (more: string[], moreIds: string[] = []) =>
    onChange({ numbers: [...new Set([...numbers, ...more])], external_ids: [...new Set([...external_ids, ...moreIds])] });
  const chosen = numbers.length + external_ids.length;
  return (
    <AudiencePart
      label="Chosen people"
      hint={chosen === 0 ? "none" : chosen > SHOWN ? String(chosen) : ""}
      action={
        <span className="flex flex-wrap justify-end gap-2">
          <Button size="sm" aria-expanded={adding === "search"} onClick={() => setAdding(adding === "search" ? null : "search")}>
            Add a person
          </Button>
          <Button size="sm" variant="quiet" onClick={() => setAdding("paste")}>
            Paste a list
          </Button>
        </span>
      }
    >
      {chosen > 0 && (
        <ul aria-label="Chosen people" className="mt-2 flex flex-wrap gap-2">
          {numbers.slice(0, SHOWN).map((number) => (
            <li key={number} className="max-w-full">
              <NumberChip number={number} onRemove={() => onChange({ numbers: numbers.filter((each) => each !== number), external_ids })} />
            </li>
          ))}
          {external_ids.slice(0, Math.max(0, SHOWN - numbers.length)).map((id) => (
            <li key={id} className="max-w-full">
              <Chip label={`Take off ${id}`} onRemove={() => onChange({ numbers, external_ids: external_ids.filter((each) => each !== id) })}>
                {id}
              </Chip>
            </li>
          ))}
          {chosen > SHOWN && (
            <li className="flex items-center gap-2 text-note text-ink-2">
              and {counted(chosen - SHOWN, "other")}
              <Button size="sm" variant="quiet" onClick={() => onChange({ numbers: [], external_ids: [] })}>
                Take all off
              </Button>
            </li>
          )}
        </ul>
      )}
      {adding === "search" && <Search onPick={({ phone_number }) => { setAdding(null); add([phone_number]); }} onClose={() => setAdding(null)} />}
      {adding === "paste" && (
        <Suspense fallback={null}>
          <PasteDialog onAdd={add} onClose={() => setAdding(null)} />
        </Suspense>
      )}
    </AudiencePart>
  );
}

/** A number with the name of who holds it. */
function NumberChip({ number, onRemove }: { number: string; onRemove: () => void }) {
  const { phone } = useFormats();
  const { data } = useQuery({ ...recipientsQuery(number), enabled: number.startsWith("+") });
  const name = data?.find((each) => each.phone_number === number)?.contact_name;
  const shown = name ? `${name} ${phone(number)}` : phone(number);
  return (
    <Chip label={`Take off ${shown}`} onRemove={onRemove}>
      {shown}
    </Chip>
  );
}

const NONE: Recipient[] = [];

function Search({ onPick, onClose }: { onPick: (recipient: Recipient) => void; onClose: () => void }) {
  const { phone } = useFormats();
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error } = useQuery({ ...recipientsQuery(q), enabled: q !== "" });
  return (
    <div className="mt-2 max-w-[420px]">
      <Combobox
        label="People"
        placeholder="A name, a child’s name or a number"
        takesFocus
        query={text}
        onQuery={setText}
        items={text.trim() === "" || error ? NONE : q === text.trim() ? data : undefined}
        keyOf={({ kind, owner_id, phone_number }) => [kind, owner_id, phone_number].join(" ")}
        renderItem={(each) => (
          <>
            <span className="flex gap-2">
              <bdi className="min-w-0 flex-1 truncate">{each.contact_name ?? each.owner_name ?? phone(each.phone_number)}</bdi>
              {!each.check.allowed && <Tag tone="bad">May not be texted</Tag>}
            </span>
            <span className="block truncate text-note text-ink-2">{[each.owner_name, phone(each.phone_number)].filter(Boolean).join(" · ")}</span>
          </>
        )}
        onPick={onPick}
        onClose={onClose}
        empty={error ? describeError(error) : text.trim() === "" ? "Families and staff, by name or number." : `Nobody fits “${text.trim()}”.`}
      />
    </div>
  );
}
