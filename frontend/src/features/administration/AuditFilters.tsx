import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ACTION_LABELS, isAuditAction } from "./describe-log-entry";
import { possibleActorsQuery, type AuditLogFilter, type PossibleActor } from "@/api/audit-log";
import { PROBLEM, isProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { SelectField } from "@/ui/form";

interface AuditFiltersProps {
  filter: AuditLogFilter;
  onFilter: (filter: AuditLogFilter) => void;
  /** What the API said of the filters. */
  error: unknown;
}

/** Each change filters at once; the phone number filters when typing has ended. */
export function AuditFilters({ filter, onFilter, error }: AuditFiltersProps) {
  const { data: actors } = useQuery(possibleActorsQuery);
  const [phone, setPhone] = useState(filter.phone ?? "");
  const change = (changed: AuditLogFilter) => onFilter({ ...filter, ...changed });
  const askForPhone = () => {
    if (phone.trim() !== (filter.phone ?? "")) change({ phone: phone.trim() || undefined });
  };
  const phoneProblem = isProblem(error, PROBLEM.validation)
    ? (error.problem.errors?.find(({ pointer }) => pointer === "/query/phone_number")?.detail ?? null)
    : null;
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <search aria-label="Filters" className="mt-4 grid grid-cols-2 gap-x-3 gap-y-2.5 desk:grid-cols-6">
      <SelectField
        label="Person"
        className="min-w-0 desk:col-span-3"
        value={filter.actor ?? ""}
        onChange={(event) => change({ actor: event.target.value || undefined })}
      >
        <option value="">Everybody</option>
        {filter.actor && !isKnown(actors, filter.actor) && <option value={filter.actor}>Somebody else</option>}
        <Group label="Staff" actors={actors?.current} />
        <Group label="Archived staff" actors={actors?.archived} />
        <Group label="API keys" actors={actors?.apiKeys} />
      </SelectField>
      <SelectField
        label="What happened"
        className="min-w-0 desk:col-span-3"
        value={filter.action ?? ""}
        onChange={(event) => change({ action: isAuditAction(event.target.value) ? event.target.value : undefined })}
      >
        <option value="">Everything</option>
        {Object.entries(ACTION_LABELS).map(([action, label]) => (
          <option key={action} value={action}>
            {label}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Phone number"
        type="tel"
        className="col-span-2"
        value={phone}
        maxLength={40}
        error={phoneProblem}
        onChange={(event) => setPhone(event.target.value)}
        onBlur={askForPhone}
        onKeyDown={(event) => {
          if (event.key === "Enter") askForPhone();
        }}
      />
      <TextField
        label="From"
        type="date"
        className="desk:col-span-2"
        value={filter.from ?? ""}
        max={filter.to}
        onChange={(event) => change({ from: event.target.value || undefined })}
      />
      <TextField
        label="To"
        type="date"
        className="desk:col-span-2"
        value={filter.to ?? ""}
        min={filter.from}
        onChange={(event) => change({ to: event.target.value || undefined })}
      />
      {isFiltered && (
        <p className="col-span-full flex flex-wrap items-center gap-2 text-note text-ink-2">
          {filter.conversation && "Only one conversation is shown."}
          <Button
            size="sm"
            variant="quiet"
            className="-ml-2.5"
            onClick={() => {
              setPhone("");
              onFilter({});
            }}
          >
            Clear filters
          </Button>
        </p>
      )}
    </search>
  );
}

function Group({ label, actors = [] }: { label: string; actors?: PossibleActor[] | undefined }) {
  if (actors.length === 0) return null;
  return (
    <optgroup label={label}>
      {actors.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}

function isKnown(actors: Record<string, PossibleActor[]> | undefined, id: string): boolean {
  return Object.values(actors ?? {}).some((group) => group.some((actor) => actor.id === id));
}
