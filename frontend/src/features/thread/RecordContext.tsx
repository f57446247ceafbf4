/** What the directory knows of the people at the number: students, notes, other numbers, and links (CONTEXT). */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { conversationContextQuery } from "@/api/context";
import { useFormats } from "@/api/format";
import type { ContextRecord, ConversationContext, ConversationDetail } from "@/api/types";
import { describeClass } from "@/lib/classes";
import { OPT_IN_LABEL } from "@/lib/optin";
import { plural } from "@/lib/text";
import { Skeleton, Tag } from "@/ui/bits";
import { ErrorState } from "@/ui/states";
import { TextNumber } from "@/ui/TextNumber";

const LINK = "text-accent underline-offset-2 [overflow-wrap:anywhere] hover:underline max-desk:inline-flex max-desk:min-h-[44px] max-desk:items-center";

/** `isOpened`: the thread is loaded, so that this may load too. */
export function RecordContext({ conversation, isOpened }: { conversation: ConversationDetail; isOpened: boolean }) {
  const { data, error, isError, refetch } = useQuery({ ...conversationContextQuery(conversation.id), enabled: isOpened });
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-20 w-full" />;
  return (
    <>
      {data.records.map((record) => (
        <RecordSection key={record.id} record={record} conversation={conversation} named={data.records.length > 1} />
      ))}
      {data.more_records > 0 && <p className="text-note text-ink-2">{plural(data.more_records, "more record")} with this number.</p>}
      {data.links.length > 0 && (
        <Part title="Links">
          <Links links={data.links} />
        </Part>
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="mb-1 text-meta font-semibold text-ink-2">{title}</h3>
      {children}
    </div>
  );
}

/** A section of one record; nothing if the record has nothing to say. */
function RecordSection({ record, conversation, named }: { record: ContextRecord; conversation: ConversationDetail; named: boolean }) {
  const others = otherNumbers(record, conversation);
  const isEmpty =
    record.students.length + record.tags.length + others.length + record.links.length === 0 && !record.notes && !record.location;
  if (isEmpty) return null;
  return (
    <section aria-label={`About ${record.name}`} className="space-y-3">
      {named && (
        <p className="font-strong">
          <bdi>{record.name}</bdi> {record.archived && <Tag>Archived</Tag>}
        </p>
      )}
      {(record.tags.length > 0 || record.location) && (
        <p className="flex flex-wrap items-center gap-1.5 text-note">
          {record.tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
          {record.location && <bdi className="text-ink-2">{record.location}</bdi>}
        </p>
      )}
      {record.students.length > 0 && (
        <Part title="Students">
          <StudentList students={record.students} />
        </Part>
      )}
      {record.notes && (
        <Part title="Notes of the record">
          <p dir="auto" className="text-note whitespace-pre-wrap [overflow-wrap:anywhere]">{record.notes}</p>
        </Part>
      )}
      {others.length > 0 && (
        <Part title="Other numbers">
          <OtherNumbers others={others} />
        </Part>
      )}
      {record.links.length > 0 && (
        <Part title="Links">
          <Links links={record.links} />
        </Part>
      )}
    </section>
  );
}

function StudentList({ students }: Pick<ContextRecord, "students">) {
  return (
    <ul className="space-y-1.5 text-note">
      {students.map((student) => (
        <li key={student.id}>
          <bdi className="font-strong">{student.name}</bdi>
          {student.classes.map((each) => (
            <span key={each.id} className="block text-ink-2">
              {[each.name, describeClass(each)].filter(Boolean).join(" · ")}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

type OtherNumber = ContextRecord["people"][number]["phone_records"][number] & { person: string };

/** All but the one of this conversation. The same number on another line is among them if its conversation is newer. */
function otherNumbers({ people }: ContextRecord, { id, phone_number }: Pick<ConversationDetail, "id" | "phone_number">): OtherNumber[] {
  const isThis = (number: OtherNumber) => number.phone_number === phone_number && (number.conversation?.id ?? id) === id;
  return people
    .flatMap(({ name, phone_records }) => phone_records.map((number) => ({ ...number, person: name })))
    .filter((number) => !isThis(number));
}

/** Not green: another record may block the number. */
const TONE = { opted_in: "neutral", opted_out: "bad", unknown: "warn" } as const;

function OtherNumbers({ others }: { others: OtherNumber[] }) {
  const { phone, brief } = useFormats();
  return (
    <ul className="space-y-1.5 text-note">
      {others.map(({ id, person, phone_number, opt_in, stopped_at, conversation }) => (
        <li key={id}>
          <span className="flex flex-wrap items-baseline gap-x-1.5">
            <bdi className="font-strong">{person}</bdi>
            <span className="tabular">{phone(phone_number)}</span>
            {/* A stopped number is never shown as one that may be texted. */}
            {stopped_at ? <Tag tone="bad">Stopped</Tag> : <Tag tone={TONE[opt_in.state]}>{OPT_IN_LABEL[opt_in.state]}</Tag>}
          </span>
          {conversation && (
            <Link to="/messenger/$conversationId" params={{ conversationId: conversation.id }} className={LINK}>
              Conversation, {brief(conversation.last_message_at)}
            </Link>
          )}
          {!conversation && <TextNumber number={phone_number} whose={`${person}, ${phone(phone_number)}`} className="mt-1" />}
        </li>
      ))}
    </ul>
  );
}

function Links({ links }: Pick<ConversationContext, "links">) {
  return (
    <ul className="space-y-1 text-note">
      {links.map(({ label, url }) => (
        <li key={`${label} ${url}`}>
          <a href={url} target="_blank" rel="noopener noreferrer" className={LINK}>
            <bdi>{label}</bdi>
            <span className="sr-only"> (opens a new tab)</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
