/** Imports families and staff from a file, tells how far it is, and shows what could not be stored. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState, type ComponentProps } from "react";

import { importJobQuery, useImportFile, type ImportItem } from "@/api/imports";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useRefetchRecords } from "@/api/records";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { FormActions, FormProblem, Mark } from "@/ui/form";
import { CheckIcon, WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

export default function ImportDialog({ onClose }: { onClose: () => void }) {
  const send = useImportFile();
  const { data: imported } = send;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Import families and staff">
      {imported === undefined ? (
        <FileForm send={send} onClose={onClose} />
      ) : "jobId" in imported ? (
        <RunningImport id={imported.jobId} onAgain={send.reset} onClose={onClose} />
      ) : (
        <Outcome {...imported.report} failures={imported.report.items.filter(isFailed)} onAgain={send.reset} onClose={onClose} />
      )}
    </Dialog>
  );
}

const figure = (count: number) => count.toLocaleString();
const ofRows = (count: number) => `${figure(count)} ${count === 1 ? "row" : "rows"}`;
const isFailed = ({ outcome }: ImportItem) => outcome === "failed";

function FileForm({ send, onClose }: { send: ReturnType<typeof useImportFile>; onClose: () => void }) {
  const id = useId();
  const [file, setFile] = useState<File | null>(null);
  const [partial, setPartial] = useState(false);
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    if (file) send.mutate({ file, partial });
  };
  const { error } = send;
  const problems = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      <p className="text-ink-2">
        A record that is known by its <code>external_id</code> is updated, any other is added. Nobody is removed, and what a file leaves
        out stays.
      </p>
      <div>
        <label htmlFor={id} className="mb-1 block font-strong">
          File
        </label>
        <input
          id={id}
          type="file"
          accept=".csv,.ndjson,.jsonl,.json,text/csv"
          aria-describedby={`${id}-note`}
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          className="w-full rounded-md border border-edge bg-surface p-2 text-note file:mr-3 file:rounded-md file:border-0 file:bg-sunken file:px-3 file:py-1 file:font-strong file:text-ink target"
        />
        <p id={`${id}-note`} className="mt-1 text-note text-ink-2">
          CSV in UTF-8, as a spreadsheet saves it, or NDJSON. At most 64 MB.
        </p>
      </div>
      <Mark
        label="Store the good rows"
        hint="Otherwise one row that can’t be stored keeps the whole file out."
        checked={partial}
        onChange={(event) => setPartial(event.target.checked)}
      />
      <Columns />
      <FormProblem>
        {error && (problems.length > 0 ? problems.map(({ detail }) => <p key={detail}>{detail}</p>) : describeError(error))}
      </FormProblem>
      <FormActions label="Import" pending={send.isPending} disabled={file === null} onCancel={onClose} />
    </form>
  );
}

const COLUMNS: readonly (readonly [string, string])[] = [
  ["kind", "family or staff_member"],
  ["external_id", "the record’s id in the other system"],
  ["name", "of the family or the person"],
  ["contact_name, relation", "whose number it is"],
  ["phone_number, label", "as it is dialled, or with + and country code"],
  ["opt_in_state, opt_in_source", "opted_in, opted_out or unknown; import, portal, staff or verbal"],
  ["location, notes, tags", "of the record; tags separated by a comma, ; or |"],
  ["metadata.KEY", "a key that another system keeps on the record"],
  ["student_name", "a child of the family"],
  ["class_name, class_days, class_time, class_room, class_coach, class_location", "a class of this child: Level 3, Tue/Thu, 5:30 pm"],
  ["email, permissions, is_admin", "of a staff member"],
];

function Columns() {
  return (
    <details className="rounded-lg border border-line px-3 py-2 text-note">
      <summary className="flex cursor-default items-center font-strong target">Columns of a CSV</summary>
      <p className="mt-1 text-ink-2">
        The first row names them, in any order; only <code>kind</code> and <code>name</code> must be there. A row holds one number and one
        class of one child: consecutive rows with the same <code>external_id</code> are one family.
      </p>
      <dl className="mt-2 space-y-1.5">
        {COLUMNS.map(([names, holds]) => (
          <div key={names}>
            <dt className="[overflow-wrap:anywhere]">
              <code>{names}</code>
            </dt>
            <dd className="text-ink-2">{holds}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

interface EndProps {
  onAgain: () => void;
  onClose: () => void;
}

function RunningImport({ id, onAgain, onClose }: EndProps & { id: string }) {
  const { data: job, error } = useQuery(importJobQuery(id));
  if (job?.finished_at) return <Outcome {...job} committed={job.state !== "refused"} failures={job.items} onAgain={onAgain} onClose={onClose} />;
  const what = job?.state === "storing" ? "stored" : "checked";
  return (
    <div className="flex flex-col gap-3">
      <progress aria-label="Import" className="w-full accent-accent" max={job?.rows ?? 1} value={job?.done ?? 0} />
      <p role="status">{job ? `${figure(job.done)} of ${ofRows(job.rows)} ${what}` : "Starting"}</p>
      <p className="text-note text-ink-2">It goes on when this window is closed.</p>
      <FormProblem>{error && !job && describeError(error)}</FormProblem>
      <DialogFoot>
        <Button onClick={onClose}>Close</Button>
      </DialogFoot>
    </div>
  );
}

interface OutcomeProps extends EndProps {
  committed: boolean;
  state?: string;
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
  failures: ImportItem[];
}

const SHOWN = 100;

function Outcome({ committed, state, rows, created, updated, unchanged, failed, failures, onAgain, onClose }: OutcomeProps) {
  const refetch = useRefetchRecords();
  useEffect(() => {
    if (committed) refetch();
  }, [committed, refetch]);
  const counts = [
    `${figure(created)} new`, `${figure(updated)} changed`, `${figure(unchanged)} as before`,
    failed > 0 && `${figure(failed)} not stored`,
  ];
  const isWhole = committed && failed === 0 && state !== "stopped";
  return (
    <div className="flex flex-col gap-4">
      <Notice tone={isWhole ? "good" : "warn"} icon={isWhole ? <CheckIcon size={18} /> : <WarningIcon size={18} />}>
        {committed ? (
          <p>
            {ofRows(rows)}: {counts.filter(Boolean).join(", ")}.
          </p>
        ) : (
          <p>
            Nothing was stored: {figure(failed)} of {ofRows(rows)} can’t be. Correct the file and import it again, or store the good rows.
          </p>
        )}
        {state === "stopped" && <p>It was stopped: who started it may no longer import.</p>}
      </Notice>
      {failures.length > 0 && (
        <ul aria-label="Rows that were not stored" className="space-y-1.5 text-note">
          {failures.slice(0, SHOWN).map(({ row, external_id, errors }) => (
            <li key={row}>
              <span className="font-strong">
                Row {row}
                {external_id && ` (${external_id})`}
              </span>
              {errors.map(({ pointer, detail }) => (
                <span key={pointer + detail} className="block text-ink-2 [overflow-wrap:anywhere]">
                  {pointer && <code>{pointer.replace(/^\//, "")}: </code>}
                  {detail}
                </span>
              ))}
            </li>
          ))}
          {failed > Math.min(failures.length, SHOWN) && <li className="text-ink-2">and {failed - Math.min(failures.length, SHOWN)} more</li>}
        </ul>
      )}
      <DialogFoot>
        <Button onClick={onAgain}>Another file</Button>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </DialogFoot>
    </div>
  );
}
