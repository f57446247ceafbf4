/** Who did what in the whole business, newest first (AUDIT-READ). */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";

import { AuditFilters } from "./AuditFilters";
import { AuditProof } from "./AuditProof";
import { describeLogEntry, describeRun, foldVisits, type Run } from "./describe-log-entry";
import { auditExportHref, auditLogQuery, type AuditLogFilter } from "@/api/audit-log";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { AuditEntry } from "@/api/types";
import { describeHolder } from "@/lib/describe-entry";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { DownloadIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";

interface AuditLogProps {
  filter: AuditLogFilter;
  onFilter: (filter: AuditLogFilter) => void;
}

export function AuditLog({ filter, onFilter }: AuditLogProps) {
  const { timezone } = useMe().organization;
  const query = useInfiniteQuery(auditLogQuery(filter, timezone));
  const entries = query.data?.pages.flatMap((page) => page.items);
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <section aria-label="Audit log">
      <AuditProof>
        <a
          href={auditExportHref(filter, timezone)}
          download
          className="inline-flex min-h-8 items-center gap-2 rounded-md border border-line bg-surface px-3 py-1.5 font-strong whitespace-nowrap text-ink transition-colors hover:bg-sunken"
        >
          <DownloadIcon size={16} />
          Download CSV
        </a>
      </AuditProof>
      <AuditFilters key={filter.phone} filter={filter} onFilter={onFilter} error={query.error} />
      {query.isError && !entries && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {!query.isError && !entries && <Loading />}
      {entries?.length === 0 && (
        <EmptyState title={isFiltered ? "Nothing fits these filters" : "Nothing has happened yet"}>
          {isFiltered && "Try another person, a longer time, or fewer filters."}
        </EmptyState>
      )}
      {entries && entries.length > 0 && <Days entries={entries} isStale={query.isPlaceholderData} />}
      {query.hasNextPage && (
        <ShowEarlier isFetching={query.isFetchingNextPage} hasFailed={query.isFetchNextPageError} onShow={() => void query.fetchNextPage()} />
      )}
    </section>
  );
}

function Days({ entries, isStale }: { entries: AuditEntry[]; isStale: boolean }) {
  const { day, dayKey } = useFormats();
  return (
    <div aria-busy={isStale} className={isStale ? "opacity-60" : undefined}>
      {byDay(entries, dayKey).map(({ key, at, entries: ofDay }) => (
        <div key={key} className="mt-5">
          <h2 className="text-note font-strong text-ink-2">{day(at)}</h2>
          <ul aria-label={day(at)} className="mt-1 divide-y divide-line border-y border-line">
            {foldVisits(ofDay).map((run) =>
              run.entries.length === 1 ? run.entries.map((entry) => <Row key={entry.id} entry={entry} />) : <RunRow key={run.key} run={run} />,
            )}
          </ul>
        </div>
      ))}
    </div>
  );
}

/** The entries, which are in order of time, in runs of one day each. */
function byDay(entries: AuditEntry[], dayKey: (at: string) => string): { key: string; at: string; entries: AuditEntry[] }[] {
  const days: { key: string; at: string; entries: AuditEntry[] }[] = [];
  for (const entry of entries) {
    const key = dayKey(entry.at);
    const last = days.at(-1);
    if (last?.key === key) last.entries.push(entry);
    else days.push({ key, at: entry.at, entries: [entry] });
  }
  return days;
}

/** A run of visits, which opens to show each. */
function RunRow({ run }: { run: Run }) {
  const { time, phone } = useFormats();
  const [newest] = run.entries;
  if (newest === undefined) return null;
  return (
    <li>
      <details className="group/run">
        <summary className="flex cursor-pointer list-none items-baseline gap-3 rounded-md px-1 py-2.5 hover:bg-sunken [&::-webkit-details-marker]:hidden">
          <time dateTime={newest.at} className="w-16 shrink-0 text-note text-ink-2 tabular">
            {time(newest.at)}
          </time>
          <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
            <bdi className="font-strong">{describeLogEntry(newest, phone).actor}</bdi> {describeRun(run)}
          </span>
          <span aria-hidden="true" className="text-ink-3 transition-transform group-open/run:rotate-90">
            ›
          </span>
        </summary>
        <ul className="ml-4 border-l border-line pl-2">
          {run.entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  const { time, phone } = useFormats();
  const { actor, deed } = describeLogEntry(entry, phone);
  return (
    <li className="[contain-intrinsic-size:auto_40px] [content-visibility:auto]">
      <details className="group">
        <summary className="flex cursor-pointer list-none items-baseline gap-3 rounded-md px-1 py-2.5 hover:bg-sunken [&::-webkit-details-marker]:hidden">
          <time dateTime={entry.at} className="w-16 shrink-0 text-note text-ink-2 tabular">
            {time(entry.at)}
          </time>
          <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
            <bdi className="font-strong">{actor}</bdi> <bdi>{deed}</bdi>
          </span>
          <span aria-hidden="true" className="text-ink-3 transition-transform group-open:rotate-90">
            ›
          </span>
        </summary>
        <EntryDetails entry={entry} />
      </details>
    </li>
  );
}

const ACTOR_KINDS: Record<AuditEntry["actor"]["kind"], string> = {
  staff_member: "Staff member",
  api_key: "API key",
  phone_number: "Phone number",
  system: "The Messenger itself",
};

function EntryDetails({ entry }: { entry: AuditEntry }) {
  const { dateTime, full, phone } = useFormats();
  const { actor, details, chain } = entry;
  const facts: [string, ReactNode][] = [
    ["When", full(entry.at)],
    ["Who", `${entry.actor.kind === "phone_number" ? phone(actor.name) : actor.name} · ${ACTOR_KINDS[actor.kind]}`],
    ...(entry.phone_number === null ? [] : [["Number", phone(entry.phone_number)] satisfies [string, ReactNode]]),
    ...entry.holders.map((holder): [string, ReactNode] => [
      holder.until === null ? "Held by" : `Held until ${dateTime(holder.until)} by`,
      <RecordLink key={describeHolder(holder)} {...holder} />,
    ]),
    ...(entry.subject === null ? [] : [["About", <RecordLink key="about" {...entry.subject} />] satisfies [string, ReactNode]]),
    ...(entry.line === null ? [] : [["Line", entry.line.label] satisfies [string, ReactNode]]),
    ...Object.entries(details).filter(([, value]) => value !== null).map(([name, value]): [string, ReactNode] => [name.replaceAll("_", " "), spelled(value)]),
    ["Entry", `${entry.action}, number ${chain.number} of its chain`],
    ["Seal", chain.hash],
  ];
  return (
    <div className="mb-3 ml-1 rounded-lg bg-sunken px-3 py-2.5 desk:ml-[76px]">
      <dl className="grid gap-x-4 gap-y-1 text-note desk:grid-cols-[max-content_minmax(0,1fr)]">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-2 first-letter:uppercase">{name}</dt>
            <dd className="mb-1 [overflow-wrap:anywhere] whitespace-pre-wrap desk:mb-0">{value}</dd>
          </div>
        ))}
      </dl>
      {entry.conversation_id !== null && (
        <Link
          to="/messenger/$conversationId"
          params={{ conversationId: entry.conversation_id }}
          className="mt-2 inline-block font-strong text-accent underline-offset-2 hover:underline"
        >
          Open the conversation
        </Link>
      )}
    </div>
  );
}

/** The name of a record, which leads to it where it has a page. */
function RecordLink({ kind, id, ...named }: { kind: string | null; id: string | null; name: string; contact_name: string | null }) {
  const name = describeHolder(named);
  const look = "font-strong text-accent underline-offset-2 hover:underline";
  if (id !== null && kind === "family") {
    return (
      <Link to="/families/$familyId" params={{ familyId: id }} className={look}>
        {name}
      </Link>
    );
  }
  if (id !== null && kind === "staff_member") {
    return (
      <Link to="/staff/$staffMemberId" params={{ staffMemberId: id }} className={look}>
        {name}
      </Link>
    );
  }
  return <>{name}</>;
}

function spelled(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
}

/** Loads the next page when it scrolls into view; after a failure, a button does. */
function ShowEarlier({ isFetching, hasFailed, onShow }: { isFetching: boolean; hasFailed: boolean; onShow: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const show = useRef(onShow);
  useEffect(() => {
    show.current = onShow;
  });
  useEffect(() => {
    if (isFetching || hasFailed || button.current === null) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && show.current(), { rootMargin: "400px" });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [isFetching, hasFailed]);
  return (
    <div className="mt-3">
      {hasFailed && (
        <p role="alert" className="mb-2 text-note text-red">
          The earlier entries couldn’t be loaded.
        </p>
      )}
      <Button ref={button} size="sm" disabled={isFetching} onClick={onShow}>
        Show earlier
      </Button>
    </div>
  );
}

function Loading() {
  return (
    <div role="status" className="mt-5 space-y-3">
      <span className="sr-only">Loading</span>
      {Array.from({ length: 6 }, (_, index) => (
        <Skeleton key={index} className="h-8" />
      ))}
    </div>
  );
}
