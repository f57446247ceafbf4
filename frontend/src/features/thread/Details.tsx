/** The details pane: the number's holders, its opt-in check, and what happened. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState, type ReactNode } from "react";

import { RecordContext } from "./RecordContext";
import { TeamState } from "./TeamState";
import { auditTrailQuery } from "@/api/audit";
import { conversationQuery } from "@/api/conversations";
import { useFormats } from "@/api/format";
import { useIsOpened } from "@/api/preload";
import type { AuditEntry, ConversationDetail, OptInCheck, OptInInstance } from "@/api/types";
import { cx } from "@/lib/cx";
import { isErased } from "@/lib/erased";
import { foldRuns, isVisit } from "@/lib/fold-entries";
import { describeActor, describeDeed } from "@/lib/describe-entry";
import { describeSource, explainOptIn, OPT_IN_LABEL, personName } from "@/lib/optin";
import { listNames } from "@/lib/text";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ChangeOptIn } from "@/ui/opt-in/ChangeOptIn";
import { ErrorState } from "@/ui/states";
import { MetadataList } from "@/ui/MetadataList";
import { Step, Steps } from "@/ui/Steps";

const RefusalNote = lazy(() => import("@/ui/opt-in/RefusalNote"));
const ExportConversation = lazy(() => import("./ExportConversation"));
const EraseNumber = lazy(() => import("@/ui/EraseNumber"));

const SHOWN_HOLDERS = 5;

export default function Details({ conversationId }: { conversationId: string }) {
  const { data: conversation } = useQuery(conversationQuery(conversationId));
  const isOpened = useIsOpened(conversationId) && conversation !== undefined;
  return (
    <div className="space-y-[18px]">
      {conversation && <TeamState conversation={conversation} isOpened={isOpened} />}
      {conversation ? <Consent conversation={conversation} /> : <Skeleton className="h-32 w-full" />}
      {conversation && <RecordContext conversation={conversation} isOpened={isOpened} />}
      {conversation && Object.keys(conversation.metadata).length > 0 && (
        <Section title="From other systems">
          <MetadataList metadata={conversation.metadata} />
        </Section>
      )}
      <Trail conversationId={conversationId} isOpened={isOpened} />
      {conversation && (
        <Suspense fallback={null}>
          <ExportConversation conversation={conversation} />
          <EraseNumber phoneNumber={conversation.phone_number} />
        </Suspense>
      )}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-2 text-meta font-semibold text-ink-2">{title}</h3>
      {children}
    </section>
  );
}

function Consent({ conversation }: { conversation: ConversationDetail }) {
  const { date, phone } = useFormats();
  const check = conversation.opt_in_check;
  const { answer, sentence } = explainOptIn(check, date);
  return (
    <>
      <Section title="Who has this number">
        {check.instances.length === 0 ? (
          <p className="text-note text-ink-2">
            {isErased(conversation.phone_number)
              ? "The number was erased from every record."
              : `No family or staff record has ${phone(conversation.phone_number)}.`}
          </p>
        ) : (
          <Holders check={check} />
        )}
      </Section>
      <Section title="Can we text?">
        <p className={cx("rounded-lg px-3 py-2.5", check.allowed ? "bg-accent-soft" : "bg-red-soft")}>
          <b className="font-heading">{answer}</b> {sentence}
        </p>
      </Section>
    </>
  );
}

/** Blocking instances come first; a number with very many holders shows some of them. */
function Holders({ check }: { check: OptInCheck }) {
  const [all, setAll] = useState(false);
  const ordered = check.instances.toSorted((a, b) => Number(b.blocks) - Number(a.blocks) || Number(a.archived) - Number(b.archived));
  const shown = all ? ordered : ordered.slice(0, SHOWN_HOLDERS);
  return (
    <ul className="space-y-2">
      {shown.map((instance) => (
        <HolderCard key={instance.phone_record_id ?? instance.refusal_id} instance={instance} check={check} />
      ))}
      {ordered.length > shown.length && (
        <li>
          <Button size="sm" onClick={() => setAll(true)}>
            Show all {ordered.length} records
          </Button>
        </li>
      )}
    </ul>
  );
}

const TONE = { opted_in: "good", opted_out: "bad", unknown: "warn" } as const;

function HolderCard({ instance, check }: { instance: OptInInstance; check: OptInCheck }) {
  const { date } = useFormats();
  const by = personName(instance.changed_by);
  const how = [describeSource(instance.source, by), instance.changed_at && date(instance.changed_at)].filter(Boolean).join(", ");
  const who = instance.kind === "staff_member" ? "Staff" : instance.contact_name;
  const link = "target font-strong max-desk:inline-flex max-desk:items-center text-ink underline-offset-2 [overflow-wrap:anywhere] hover:underline";
  return (
    <li className="rounded-lg border border-line px-3 py-2.5">
      <div className="flex flex-wrap items-baseline gap-x-2">
        {instance.owner_id === null ? (
          <span className="font-strong">{instance.owner_name}</span>
        ) : instance.kind === "family" ? (
          <Link to="/families/$familyId" params={{ familyId: instance.owner_id }} className={link}>
            {instance.owner_name}
          </Link>
        ) : (
          <Link to="/staff/$staffMemberId" params={{ staffMemberId: instance.owner_id }} className={link}>
            {instance.owner_name}
          </Link>
        )}
        <Tag tone={instance.state === "opted_in" && !check.allowed ? "neutral" : TONE[instance.state]}>{OPT_IN_LABEL[instance.state]}</Tag>
        {instance.archived && <Tag>Archived</Tag>}
      </div>
      <p className="mt-0.5 text-note text-ink-2">{[who, how].filter(Boolean).join(" · ")}</p>
      {instance.phone_record_id !== null && (
        <ChangeOptIn
          className="mt-1.5"
          phoneRecordId={instance.phone_record_id}
          phoneNumber={instance.phone_number ?? check.phone_number}
          ownerName={instance.owner_name}
          contactName={instance.contact_name}
          state={instance.state}
          stoppedAt={check.stopped_at}
        />
      )}
      {instance.refusal_id && (
        <Suspense fallback={null}>
          <RefusalNote refusalId={instance.refusal_id} instance={instance} phoneNumber={instance.phone_number ?? check.phone_number} />
        </Suspense>
      )}
    </li>
  );
}

/** Loaded after the conversation: its thread comes first. */
function Trail({ conversationId, isOpened }: { conversationId: string; isOpened: boolean }) {
  const { data, error, isError, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...auditTrailQuery(conversationId),
    enabled: isOpened,
  });
  const entries = data?.pages.flatMap((page) => page.items) ?? [];
  // By its entries, since a run that is open grows at both ends: by a new visit, and by an earlier page.
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());

  return (
    <Section title="What happened">
      {isPending && <Skeleton className="h-24 w-full" />}
      {isError && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data && entries.length === 0 && <p className="text-note text-ink-2">Nothing yet.</p>}
      <Steps>
        {foldRuns(entries, isVisit).map((group) => (
          <Happened
            key={group[0].id}
            entries={group}
            open={group.some(({ id }) => opened.has(id))}
            onToggle={(open) => setOpened((before) => withAll(before, group, open))}
          />
        ))}
      </Steps>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show earlier
        </Button>
      )}
    </Section>
  );
}

function withAll(ids: ReadonlySet<string>, entries: readonly AuditEntry[], within: boolean): ReadonlySet<string> {
  const changed = new Set(ids);
  for (const { id } of entries) {
    if (within) changed.add(id);
    else changed.delete(id);
  }
  return changed;
}

interface HappenedProps {
  entries: readonly [AuditEntry, ...AuditEntry[]];
  open: boolean;
  onToggle: (open: boolean) => void;
}

/** One entry; or a run of visits, which opens. Entries are newest first. */
function Happened({ entries, open, onToggle }: HappenedProps) {
  const { dateTime, full, phone } = useFormats();
  const [newest] = entries;
  const shown = entries.length === 1 || open ? entries : [];
  const names = [...new Set(entries.map((entry) => describeActor(entry, phone)))];
  return (
    <>
      {shown.map((entry) => (
        <Step key={entry.id} when={dateTime(entry.at)}>
          <span title={full(entry.at)}>
            <b className="font-strong text-ink">{describeActor(entry, phone)}</b> {describeDeed(entry)}
          </span>
        </Step>
      ))}
      {entries.length > 1 && (
        <Step when={open ? "" : dateTime(newest.at)}>
          {!open && (
            <>
              <b className="font-strong text-ink">{listNames(names)}</b> looked at it.{" "}
            </>
          )}
          <button type="button" aria-expanded={open} onClick={() => onToggle(!open)} className="target -my-3 py-3 underline underline-offset-2">
            {open ? "Show less" : `Show all ${entries.length} visits`}
          </button>
        </Step>
      )}
    </>
  );
}
