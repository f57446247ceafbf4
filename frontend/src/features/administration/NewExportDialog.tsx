import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { useCreateExport, type ExportFormat, type NewExport } from "@/api/exports";
import { linesQuery } from "@/api/lines";
import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import { startOfDay } from "@/lib/days";
import { FORMATS } from "@/lib/describe-export";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem, SelectField } from "@/ui/form";

/** Asks for the days of a time range, in the organization's zone. */
export function NewExportDialog({ onClose }: { onClose: () => void }) {
  const { timezone } = useMe().organization;
  const create = useCreateExport();
  const submission = useSubmission();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [lineId, setLineId] = useState("");
  const [format, setFormat] = useState<ExportFormat>("ndjson");
  const { data } = useInfiniteQuery(linesQuery);
  const lines = data?.pages.flatMap((page) => page.items) ?? [];

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    if (from === "") return;
    const body: NewExport = {
      kind: "range",
      format,
      from: startOfDay(from, timezone),
      ...(to && { to: startOfDay(to, timezone, 1) }),
      ...(lineId && { line_id: lineId }),
    };
    create.mutate({ body, key: submission.keyFor(body) }, { onSuccess: onClose });
  };

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Export a time range">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <p className="text-ink-2">Every message, note and audit entry of the conversations, up to 366 days at a time.</p>
        <div className="grid grid-cols-2 gap-3">
          <TextField label="From" type="date" required value={from} max={to} onChange={({ target }) => setFrom(target.value)} />
          <TextField label="To" type="date" value={to} min={from} hint="Empty: until now" onChange={({ target }) => setTo(target.value)} />
        </div>
        <SelectField label="Line" value={lineId} onChange={({ target }) => setLineId(target.value)}>
          <option value="">Every line</option>
          {lines.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </SelectField>
        <SelectField label="Format" value={format} onChange={({ target }) => setFormat(target.value as ExportFormat)}>
          {Object.entries(FORMATS).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </SelectField>
        <FormProblem>{create.isError && describeError(create.error)}</FormProblem>
        <FormActions label="Export" pending={create.isPending} disabled={from === ""} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
