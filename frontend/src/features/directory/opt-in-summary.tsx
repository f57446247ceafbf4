/** Opt-in states of phone records, as tags. */
import { useQuery } from "@tanstack/react-query";

import { useFormats } from "@/api/format";
import { optInChecksQuery } from "@/api/opt-ins";
import { describeError } from "@/api/problem";
import { may, useMe } from "@/api/session";
import type { OptInCheck, PhoneRecord } from "@/api/types";
import { describeSource, explainOptIn, OPT_IN_LABEL, personName } from "@/lib/optin";
import { plural } from "@/lib/text";
import { Tag } from "@/ui/bits";
import { ChangeOptIn } from "@/ui/opt-in/ChangeOptIn";
import { LiftRefusal } from "@/ui/opt-in/LiftRefusal";
import { TextNumber } from "@/ui/TextNumber";

const TONE = { opted_in: "good", opted_out: "bad", unknown: "warn" } as const;

/** Green says that the number may be texted, not only that this record agrees: OPTIN-ALL. Unknown is not green. */
export function OptInTag({ state, check }: { state: PhoneRecord["opt_in"]["state"]; check: OptInCheck | undefined }) {
  const isGreen = state !== "opted_in" || check?.allowed;
  return (
    <>
      <Tag tone={isGreen ? TONE[state] : "neutral"}>{OPT_IN_LABEL[state]}</Tag>
      {state === "opted_in" && check?.allowed === false && <Tag tone="bad">Can’t be texted</Tag>}
    </>
  );
}

/** One tag for several records: a blocking state wins. */
export function OptInSummary({ records }: { records: PhoneRecord[] }) {
  if (records.length === 0) return <Tag>No number</Tag>;
  const count = (state: PhoneRecord["opt_in"]["state"]) => records.filter((record) => record.opt_in.state === state).length;
  const [out, unknown] = [count("opted_out"), count("unknown")];
  if (out > 0) return <Tag tone="bad">{out === records.length ? "Opted out" : `${plural(out, "number")} opted out`}</Tag>;
  if (unknown > 0) return <Tag tone="warn">{unknown === records.length ? "Not asked" : `${plural(unknown, "number")} not asked`}</Tag>;
  // Whether something else blocks the number is on the record itself.
  return <Tag>Opted in</Tag>;
}

interface PhoneRecordLineProps {
  record: PhoneRecord;
  ownerName: string;
  contactName: string | null;
  /** Whether the number may be texted; undefined without SMS Logs and while loading. */
  check?: OptInCheck | undefined;
  /** With SMS Logs, or Families and Staff (OPTIN-WHO). */
  mayChange: boolean;
  /** Nothing around it says whose number it is. */
  named: boolean;
}

/** A number with its state, since when, by whom and how; what else blocks it; and the way to change it. */
export function PhoneRecordLine({ record, ownerName, contactName, check, mayChange, named }: PhoneRecordLineProps) {
  const { date, phone } = useFormats();
  const { is_admin } = useMe();
  const { state, source, changed_at, changed_by } = record.opt_in;
  const how = [describeSource(source, personName(changed_by)), changed_at && date(changed_at)].filter(Boolean).join(", ");
  const blockedElsewhere =
    check &&
    !check.allowed &&
    (state === "opted_in" || check.stopped_at !== null || check.instances.some((instance) => instance.blocks && instance.phone_record_id !== record.id));
  return (
    <div>
      {named && contactName && (
        <p className="truncate font-strong">
          <bdi>{contactName}</bdi>
        </p>
      )}
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className="tabular">{phone(record.phone_number)}</span>
        {record.label && <span className="text-note text-ink-2">{record.label}</span>}
        <OptInTag state={state} check={check} />
        {how && <span className="text-note text-ink-2">{how}</span>}
        <span className="flex gap-2">
          {check?.allowed && <TextNumber number={record.phone_number} whose={`${contactName ?? ownerName}, ${phone(record.phone_number)}`} />}
          {mayChange && (
            <ChangeOptIn
              phoneRecordId={record.id}
              phoneNumber={record.phone_number}
              ownerName={ownerName}
              contactName={contactName}
              state={state}
              stoppedAt={check?.stopped_at ?? null}
            />
          )}
        </span>
      </div>
      {blockedElsewhere && (
        <p className="mt-1 max-w-[560px] rounded-md bg-red-soft px-2.5 py-1.5 text-note">{explainOptIn(check, date).sentence}</p>
      )}
      {is_admin &&
        check?.instances.map(
          ({ refusal_id, owner_name }) =>
            refusal_id && <LiftRefusal key={refusal_id} refusalId={refusal_id} phoneNumber={record.phone_number} ownerName={owner_name} />,
        )}
    </div>
  );
}

export interface OwnedPhoneRecord {
  record: PhoneRecord;
  contactName: string | null;
}

/** The numbers of a record, each with its opt-in, and one check of them all. */
export function PhoneRecordLines({ records, ownerName, named = false }: { records: OwnedPhoneRecord[]; ownerName: string; named?: boolean }) {
  const me = useMe();
  const mayCheck = may(me, "sms_logs");
  const numbers = [...new Set(records.map(({ record }) => record.phone_number))];
  const { data: checks, error } = useQuery({ ...optInChecksQuery(numbers), enabled: mayCheck && numbers.length > 0 });
  return (
    <div className={named ? "space-y-3" : "space-y-2"}>
      {records.map(({ record, contactName }) => (
        <PhoneRecordLine
          key={record.id}
          record={record}
          ownerName={ownerName}
          contactName={contactName}
          named={named}
          mayChange={mayCheck || may(me, "directory")}
          check={checks?.find((check) => check.phone_number === record.phone_number)}
        />
      ))}
      {error && !checks && <p className="text-note text-ink-2">Whether something else blocks these numbers couldn’t be loaded. {describeError(error)}</p>}
    </div>
  );
}

/** Says to people without SMS Logs why no number shows whether it may be texted. */
export function WhyNoCheck() {
  if (may(useMe(), "sms_logs")) return null;
  return (
    <p className="text-note text-ink-2">
      Whether a number may be texted, and what else blocks it, shows only with the SMS Logs permission. An administrator can give it to you.
    </p>
  );
}
