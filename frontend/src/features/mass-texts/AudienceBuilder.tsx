/** Who gets it: families and staff by filter, saved lists, chosen people. Everybody who fits one of these gets it once. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { isEmpty, NO_FILTER } from "./audience";
import { AudiencePart, Chip } from "./AudiencePart";
import { FilterFields } from "./FilterFields";
import { PeopleField } from "./PeopleField";
import { audiencesQuery, type AudienceDescription, type AudienceFilter } from "@/api/broadcasts";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Choice } from "@/ui/form";

const ListPicker = lazy(() => import("./ListPicker"));
const ManageLists = lazy(() => import("./ManageLists"));
const SaveList = lazy(() => import("./SaveList"));

interface AudienceBuilderProps {
  audience: AudienceDescription;
  onChange: (audience: AudienceDescription) => void;
  error: string | null;
}

export function AudienceBuilder({ audience, onChange, error }: AudienceBuilderProps) {
  const [saving, setSaving] = useState(false);
  const change = (changed: Partial<AudienceDescription>) => onChange({ ...audience, ...changed });
  return (
    <section aria-labelledby="mass-text-audience" data-audience="" className="space-y-3">
      <div className="flex items-center gap-3">
        <h2 id="mass-text-audience" className="flex-1 text-title font-heading">Who gets it</h2>
        {!isEmpty(audience) && audience.audience_ids.length === 0 && (
          <Button size="sm" variant="quiet" onClick={() => setSaving(true)}>
            Save as a list
          </Button>
        )}
      </div>
      <div className="divide-y divide-line rounded-lg border border-line">
        <ByFilter label="Families" filter={audience.families} onChange={(families) => change({ families })} of="families" />
        <ByFilter label="Staff" filter={audience.staff_members} onChange={(staff_members) => change({ staff_members })} of="staff_members" />
        <Lists ids={audience.audience_ids} onChange={(audience_ids) => change({ audience_ids })} />
        <PeopleField audience={audience} onChange={change} />
      </div>
      {error && <p role="alert" className="text-note text-red">{error}</p>}
      {(audience.families ?? audience.audience_ids.length > 0) && (
        <Choice
          legend="Of each family"
          options={[
            { value: "all", label: "Every number that may be texted" },
            { value: "first", label: "One number: the first that may be texted" },
          ]}
          value={audience.contacts}
          onChange={(contacts) => change({ contacts })}
        />
      )}
      {saving && (
        <Suspense fallback={null}>
          <SaveList audience={audience} onSaved={(id) => onChange({ ...audience, families: null, staff_members: null, numbers: [], external_ids: [], audience_ids: [id] })} onClose={() => setSaving(false)} />
        </Suspense>
      )}
    </section>
  );
}

interface ByFilterProps {
  label: string;
  of: "families" | "staff_members";
  filter: AudienceFilter | null;
  onChange: (filter: AudienceFilter | null) => void;
}

function ByFilter({ label, of, filter, onChange }: ByFilterProps) {
  const isAll = filter !== null && JSON.stringify(filter) === JSON.stringify(NO_FILTER);
  const hint = filter === null ? "none" : isAll ? `all ${label.toLowerCase()}` : "those that fit all of this";
  return (
    <AudiencePart
      label={label}
      hint={hint}
      action={
        <Button size="sm" aria-pressed={filter !== null} className={cx(filter !== null && "!border-accent !bg-accent-soft")} onClick={() => onChange(filter === null ? NO_FILTER : null)}>
          {filter === null ? `Add ${label.toLowerCase()}` : `Take off ${label.toLowerCase()}`}
        </Button>
      }
    >
      {filter !== null && <FilterFields filter={filter} onChange={onChange} of={of} />}
    </AudiencePart>
  );
}

function Lists({ ids, onChange }: { ids: readonly string[]; onChange: (ids: string[]) => void }) {
  const { data } = useQuery(audiencesQuery);
  const [open, setOpen] = useState(false);
  const [managing, setManaging] = useState(false);
  // Without a list there is nothing to choose from.
  if (ids.length === 0 && !data?.items.length) return null;
  return (
    <AudiencePart
      label="Saved lists"
      hint={ids.length === 0 ? "none" : ""}
      action={
        <>
          <Button size="sm" variant="quiet" onClick={() => setManaging(true)}>
            Rename or delete
          </Button>
          <Button size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
            Add a list
          </Button>
        </>
      }
    >
      {ids.length > 0 && (
        <ul className="mt-2 flex flex-wrap gap-2">
          {ids.map((id) => {
            const name = data?.items.find((each) => each.id === id)?.name ?? "A list";
            return (
              <li key={id}>
                <Chip label={`Take off the list ${name}`} onRemove={() => onChange(ids.filter((each) => each !== id))}>
                  {name}
                </Chip>
              </li>
            );
          })}
        </ul>
      )}
      {open && (
        <Suspense fallback={null}>
          <ListPicker
            taken={ids}
            onPick={({ id }) => {
              setOpen(false);
              onChange([...ids, id]);
            }}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
      {managing && (
        <Suspense fallback={null}>
          <ManageLists taken={ids} onClose={() => setManaging(false)} />
        </Suspense>
      )}
    </AudiencePart>
  );
}
