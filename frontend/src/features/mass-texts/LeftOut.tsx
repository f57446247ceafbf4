/** How many are left out for each reason; each opens the list of them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { count, counted, describeReason } from "./words";
import { leftOutQuery, type BroadcastPreview } from "@/api/broadcasts";
import { useFormats } from "@/api/format";
import { Skeleton } from "@/ui/bits";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/states";

interface LeftOutProps {
  broadcastId: string;
  leftOut: BroadcastPreview["left_out"];
  /** The first given numbers and ids that are nobody's. */
  unknown: readonly string[];
}

export function LeftOut({ broadcastId, leftOut, unknown }: LeftOutProps) {
  const [open, setOpen] = useState<string | null>(null);
  if (leftOut.length === 0) return null;
  return (
    <section aria-label="Left out">
      <h3 className="text-note text-ink-2 tabular">{count(leftOut.reduce((sum, each) => sum + each.count, 0))} left out</h3>
      <ul className="mt-0.5 -mx-2">
        {leftOut.map(({ reason, count: many }) => (
          <li key={reason}>
            <button
              type="button"
              aria-haspopup="dialog"
              onClick={() => setOpen(reason)}
              className="flex min-h-8 w-full items-baseline gap-2 rounded-md px-2 py-1 text-left target hover:bg-sunken max-desk:items-center"
            >
              <span className="min-w-7 font-strong tabular">{count(many)}</span>
              <span className="min-w-0 flex-1">{describeReason(reason)}</span>
              <span aria-hidden="true" className="text-ink-3">›</span>
            </button>
          </li>
        ))}
      </ul>
      {open !== null && (
        <Dialog open onOpenChange={(isOpen) => !isOpen && setOpen(null)} title={describeReason(open)} description={HINTS[open]}>
          {open === "unknown" ? (
            <People>
              {unknown.map((each) => (
                <li key={each} className="py-2">
                  <bdi>{each}</bdi>
                </li>
              ))}
            </People>
          ) : (
            <Reason broadcastId={broadcastId} reason={open} many={leftOut.find(({ reason }) => reason === open)?.count ?? 0} />
          )}
        </Dialog>
      )}
    </section>
  );
}

/** What can be done about it. */
const HINTS: Record<string, string> = {
  not_opted_in: "Ask them, and note their consent on the record. Then they get the next one.",
  no_number: "Add a number on the record, and they get it.",
  missing_field: "Write what they get instead, beside the text, and they get it.",
  another_contact: "Choose “every number” of a family, and they get it too.",
  duplicate: "Each number gets it once, whoever shares it.",
  not_mobile: "Ask for a mobile number.",
  no_record: "Add the number to a family or staff record.",
};

function Reason({ broadcastId, reason, many }: { broadcastId: string; reason: string; many: number }) {
  const { phone } = useFormats();
  const { data, error, refetch } = useQuery(leftOutQuery(broadcastId, reason));
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-32" />;
  return (
    <>
      <People>
        {data.items.map((each, index) => (
          <li key={index} className="flex flex-wrap items-baseline gap-x-3 py-2">
            <span className="min-w-0 flex-1">
              <RecordLink record={each.record} name={each.name} />
            </span>
            <span className="text-note text-ink-2 tabular">{each.phone_number === null ? "No number" : phone(each.phone_number)}</span>
          </li>
        ))}
      </People>
      {!data.is_whole && <p className="mt-2 text-note text-ink-2">The first {count(data.items.length)} of {counted(many, "one", "all")}. The report lists everybody.</p>}
    </>
  );
}

const People = ({ children }: { children: ReactNode }) => <ul className="divide-y divide-line">{children}</ul>;

interface RecordLinkProps {
  record: { kind: "family" | "staff_member"; id: string; name: string | null } | null;
  /** Of the contact. */
  name: string | null;
}

/** The record through which a number is in the audience. */
export function RecordLink({ record, name }: RecordLinkProps) {
  const look = "rounded-sm font-strong underline-offset-2 hover:underline max-desk:-my-3 max-desk:inline-flex max-desk:min-h-[44px] max-desk:items-center";
  if (!record) return <bdi className="font-strong">{name ?? "Given by itself"}</bdi>;
  const label = <bdi>{record.name ?? "A record that is gone"}</bdi>;
  return (
    <>
      {record.kind === "family" ? (
        <Link to="/families/$familyId" params={{ familyId: record.id }} className={look}>
          {label}
        </Link>
      ) : (
        <Link to="/staff/$staffMemberId" params={{ staffMemberId: record.id }} className={look}>
          {label}
        </Link>
      )}
      {name && name !== record.name && <bdi className="ml-2 text-note text-ink-2">{name}</bdi>}
    </>
  );
}
