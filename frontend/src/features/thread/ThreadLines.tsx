import { useState } from "react";

import { useFormats } from "@/api/format";
import type { AuditEntry } from "@/api/types";
import { describeSystemLine } from "@/lib/describe-entry";
import { plural } from "@/lib/text";

export function DayLine({ at }: { at: string }) {
  const { day } = useFormats();
  return <p data-day="" className="mt-4 mb-3 text-center text-meta text-ink-3 first:mt-0">{day(at)}</p>;
}

/** The line above the messages that are new to this person. */
export function NewLine() {
  return (
    <div
      data-new=""
      role="separator"
      aria-label="New messages"
      className="my-3 flex items-center gap-2.5 text-meta font-semibold text-red before:h-px before:flex-1 before:bg-red before:opacity-35 after:h-px after:flex-1 after:bg-red after:opacity-35"
    >
      New
    </div>
  );
}

/** What the system did here. A run of changes is one line that opens. */
export function SystemLine({ entries }: { entries: readonly [AuditEntry, ...AuditEntry[]] }) {
  const [open, setOpen] = useState(false);
  const last = entries.at(-1) ?? entries[0];
  if (entries.length === 1) return <Told entry={last} />;
  return (
    <div className="my-2.5">
      {open ? entries.map((entry) => <Told key={entry.id} entry={entry} />) : <Told entry={last} />}
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="target -mt-1.5 block w-full text-center text-meta text-ink-2 underline underline-offset-2"
      >
        {open ? "Show less" : plural(entries.length - 1, "earlier change")}
      </button>
    </div>
  );
}

function Told({ entry }: { entry: AuditEntry }) {
  const { time, full, phone } = useFormats();
  return (
    <p className="my-2.5 text-center text-meta text-ink-2">
      {describeSystemLine(entry, phone)} ·{" "}
      <time dateTime={entry.at} title={full(entry.at)} className="tabular">
        {time(entry.at)}
      </time>
    </p>
  );
}
