import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, type ReactNode } from "react";

import { describeIncoming, describeOutgoing, describeQuarantined } from "./describe-service";
import { LineStateTag } from "./LineRow";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { serviceStatusQuery, type ServiceStatus } from "@/api/service-status";
import { describeAge } from "@/lib/age";
import { Skeleton, Tag } from "@/ui/bits";
import { CheckIcon, OfflineIcon, WarningIcon } from "@/ui/icons";
import { ActionLink, ErrorState, Notice } from "@/ui/states";

/** Whether the service does its work: what waits, the lines, the workers and the versions. */
export function Service() {
  const { time } = useFormats();
  const { data: status, error, isError, refetch } = useQuery(serviceStatusQuery);
  if (!status) return isError ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-40" />;
  return (
    <section aria-label="Service">
      {isError && (
        <Notice tone="warn" className="mb-3" icon={<OfflineIcon size={18} />}>
          These figures are from {time(status.at)}. {describeError(error)}
        </Notice>
      )}
      <Sending status={status} />
      <SwitchedOffWebhooks status={status} />
      <Part title="What waits">
        <Queues status={status} />
      </Part>
      <Part
        title="Lines"
        action={
          <ActionLink to="/administration" search={{ tab: "lines" }}>
            Check the lines
          </ActionLink>
        }
      >
        <Lines status={status} />
      </Part>
      <Part title="Workers">
        <Workers status={status} />
      </Part>
      <Part title="Versions">
        <Versions status={status} />
      </Part>
    </section>
  );
}

/** The service switches endpoints off that fail for days, and an administrator has to know. */
function SwitchedOffWebhooks({ status: { switched_off_webhook_endpoints: endpoints } }: { status: ServiceStatus }) {
  const { moment } = useFormats();
  return endpoints.map(({ id, url, disabled_at }) => (
    <Notice
      key={id}
      tone="warn"
      className="mt-2"
      icon={<WarningIcon size={18} />}
      action={
        <ActionLink to="/administration" search={{ tab: "webhooks" }}>
          Look at it
        </ActionLink>
      }
    >
      <span className="[overflow-wrap:anywhere]">
        The webhook endpoint <bdi>{url}</bdi> was switched off {moment(disabled_at)}: it gets no events.
      </span>
    </Notice>
  ));
}

function Part({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} className="mt-6">
      <div className="flex flex-wrap items-center justify-between gap-x-3">
        <h2 id={heading} className="text-title font-heading">
          {title}
        </h2>
        {action}
      </div>
      {children}
    </section>
  );
}

function Sending({ status: { texts_are_leaving, held, not_leaving_since, workers } }: { status: ServiceStatus }) {
  const { moment } = useFormats();
  if (texts_are_leaving) {
    return (
      <Notice tone="good" icon={<CheckIcon size={18} />}>
        <span className="font-strong">Texts are being sent.</span>
      </Notice>
    );
  }
  const works = workers.some((worker) => worker.is_working);
  return (
    <Notice tone="bad" icon={<OfflineIcon size={18} />}>
      <p>
        <span className="font-strong">Texts are not leaving right now.</span>
        {not_leaving_since !== null && ` ${held ? "They are held since" : "A worker was last heard from"} ${moment(not_leaving_since)}.`}
      </p>
      {held && (
        <p className="mt-1">
          The service was set back to an earlier state, as by restoring a backup. Texts wait until it is clear what was sent and received since
          then, so that none is sent twice.
          {works && " Whoever runs the server finds in the worker's log what is missing."}
        </p>
      )}
      {!works && (
        <p className="mt-1">
          No worker is running{held ? ", so nothing finds that out" : ". Texts wait, and are sent once one runs"}. Ask whoever runs the server to
          start <code>messenger worker</code>.
        </p>
      )}
    </Notice>
  );
}

function Queues({ status }: { status: ServiceStatus }) {
  const quarantined = describeQuarantined(status);
  return (
    <ul className="mt-1.5 space-y-1">
      {[...describeOutgoing(status), ...describeIncoming(status)].map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
      {quarantined && (
        <li className="text-red">
          {quarantined}{" "}
          <Link to="/administration" search={{ tab: "quarantine" }} className="font-strong underline underline-offset-2">
            Look at it
          </Link>
        </li>
      )}
    </ul>
  );
}

function Lines({ status: { lines, has_more_lines } }: { status: ServiceStatus }) {
  const { phone, moment } = useFormats();
  if (lines.length === 0) return <p className="mt-1.5 text-ink-2">There is no line yet.</p>;
  return (
    <>
      <ul className="mt-1 divide-y divide-line">
        {lines.map((line) => (
          <li key={line.id} className="py-2.5">
            <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
              <bdi className="min-w-0 font-strong [overflow-wrap:anywhere]">{line.label}</bdi>
              <span className="tabular">{phone(line.phone_number)}</span>
              <LineStateTag enabled={line.enabled} state={line.state} />
            </p>
            {line.detail !== null && line.checked_at !== null && (
              <p className="text-note text-ink-2">
                {line.detail} Checked {moment(line.checked_at)}.
              </p>
            )}
            {line.enabled && line.silent_since !== null && (
              <p className="text-note text-amber">Silent since {moment(line.silent_since)}. That is unusual for this line.</p>
            )}
          </li>
        ))}
      </ul>
      {has_more_lines && <p className="text-note text-ink-2">There are more: check the lines to see them all.</p>}
    </>
  );
}

function Workers({ status: { workers, at } }: { status: ServiceStatus }) {
  const { moment } = useFormats();
  if (workers.length === 0) return <p className="mt-1.5 text-red">No worker has run in the last day.</p>;
  const working = workers.filter((worker) => worker.is_working);
  // Each restart leaves a stopped one for a day: they are news only if none works.
  const shown = working.length > 0 ? working : workers.slice(0, 1);
  const [last, ...others] = workers.filter((worker) => !shown.includes(worker));
  return (
    <ul className="mt-1 divide-y divide-line">
      {shown.map((worker) => (
        <li key={worker.id} className="flex flex-wrap items-center gap-x-2 gap-y-0.5 py-2.5">
          <span className="font-strong">Worker {worker.id.slice(-6)}</span>
          {worker.is_working ? <Tag tone="good">Working</Tag> : <Tag>Stopped</Tag>}
          <span className="text-note text-ink-2">
            {worker.is_working
              ? `Last heard from ${describeAge(worker.last_heartbeat_at, at)} ago · started ${moment(worker.started_at)}`
              : `Last heard from ${moment(worker.last_heartbeat_at)}`}
          </span>
        </li>
      ))}
      {last && (
        <li className="py-2.5 text-note text-ink-2">
          {others.length === 0 ? "One more has" : `${others.length + 1} more have`} stopped within a day, the last one {moment(last.last_heartbeat_at)}.
        </li>
      )}
    </ul>
  );
}

function Versions({ status: { versions } }: { status: ServiceStatus }) {
  const { product, database_schema, expected_database_schema, postgresql } = versions;
  return (
    <>
      <dl className="mt-1.5 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1">
        <dt className="text-ink-2">Messenger Center</dt>
        <dd className="tabular">{product}</dd>
        <dt className="text-ink-2">Database schema</dt>
        <dd className="tabular">{database_schema}</dd>
        <dt className="text-ink-2">PostgreSQL</dt>
        <dd className="tabular [overflow-wrap:anywhere]">{postgresql}</dd>
      </dl>
      {database_schema !== expected_database_schema && (
        <Notice tone="warn" className="mt-2" icon={<WarningIcon size={16} />}>
          This version expects the schema {expected_database_schema}. An upgrade is under way, or <code>messenger migrate</code> has not run.
        </Notice>
      )}
    </>
  );
}
