/** Opt-in states of phone records, as tags. */
import { useFormats } from "@/api/format";
import type { PhoneRecord } from "@/api/types";
import { describeSource, OPT_IN_LABEL, personName } from "@/lib/optin";
import { plural } from "@/lib/text";
import { Tag } from "@/ui/bits";

const TONE = { opted_in: "good", opted_out: "bad", unknown: "warn" } as const;

export function OptInTag({ state }: { state: PhoneRecord["opt_in"]["state"] }) {
  return <Tag tone={TONE[state]}>{OPT_IN_LABEL[state]}</Tag>;
}

/** One tag for several records: what stands in the way of texting wins. */
export function OptInSummary({ records }: { records: PhoneRecord[] }) {
  if (records.length === 0) return <Tag>No number</Tag>;
  const count = (state: PhoneRecord["opt_in"]["state"]) => records.filter((record) => record.opt_in.state === state).length;
  const [out, unknown] = [count("opted_out"), count("unknown")];
  if (out > 0) return <Tag tone="bad">{out === records.length ? "Opted out" : `${plural(out, "number")} opted out`}</Tag>;
  if (unknown > 0) return <Tag tone="warn">{unknown === records.length ? "Not asked" : `${plural(unknown, "number")} not asked`}</Tag>;
  return <Tag tone="good">Opted in</Tag>;
}

/** A number with its state, how it came about, and since when. */
export function PhoneRecordLine({ record }: { record: PhoneRecord }) {
  const { date, phone } = useFormats();
  const { state, source, changed_at, changed_by } = record.opt_in;
  const how = [describeSource(source, personName(changed_by)), changed_at && date(changed_at)].filter(Boolean).join(", ");
  return (
    <div className="flex flex-wrap items-baseline gap-x-2.5 gap-y-0.5">
      <span className="tabular">{phone(record.phone_number)}</span>
      {record.label && <span className="text-note text-ink-2">{record.label}</span>}
      <OptInTag state={state} />
      {how && <span className="text-note text-ink-2">{how}</span>}
    </div>
  );
}
