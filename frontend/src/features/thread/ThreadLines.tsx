import { useFormats } from "@/api/format";
import type { AuditEntry } from "@/api/types";
import { describeSystemLine } from "@/lib/describe-entry";

export function DayLine({ at }: { at: string }) {
  const { day } = useFormats();
  return <p className="mt-4 mb-3 text-center text-meta text-ink-3 first:mt-0">{day(at)}</p>;
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

export function SystemLine({ entry }: { entry: AuditEntry }) {
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
