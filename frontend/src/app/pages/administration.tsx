/** The administration: only for administrators. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import type { AuditLogFilter } from "@/api/audit-log";
import { inboundHealthQuery } from "@/api/inbound";
import { useMe } from "@/api/session";
import { ApiKeys } from "@/features/administration/ApiKeys";
import { AuditLog } from "@/features/administration/AuditLog";
import { isAuditAction } from "@/features/administration/describe-log-entry";
import { StaffAdministration } from "@/features/administration/StaffAdministration";
import { CountBadge, Skeleton } from "@/ui/bits";
import { LockIcon } from "@/ui/icons";
import { tabLook } from "@/ui/look";
import { EmptyState } from "@/ui/states";

const TABS = [
  { key: "staff", label: "Staff and permissions", search: {} },
  { key: "organization", label: "Organization", search: { tab: "organization" } },
  { key: "mass-text", label: "Mass texts", search: { tab: "mass-text" } },
  { key: "lines", label: "Lines", search: { tab: "lines" } },
  { key: "api-keys", label: "API keys", search: { tab: "api-keys" } },
  { key: "webhooks", label: "Webhooks", search: { tab: "webhooks" } },
  { key: "audit-log", label: "Audit log", search: { tab: "audit-log" } },
  { key: "quarantine", label: "Quarantined texts", search: { tab: "quarantine" } },
  { key: "links", label: "Links", search: { tab: "links" } },
  { key: "usage", label: "Usage", search: { tab: "usage" } },
  { key: "exports", label: "Exports", search: { tab: "exports" } },
  { key: "service", label: "Service", search: { tab: "service" } },
] as const;

const Lines = lazy(() => import("@/features/administration/Lines").then((module) => ({ default: module.Lines })));
const Quarantine = lazy(() => import("@/features/administration/Quarantine").then((module) => ({ default: module.Quarantine })));

const MassTextSettings = lazy(() => import("@/features/administration/MassTextSettings"));
const OrganizationSettings = lazy(() => import("@/features/administration/OrganizationSettings"));
const OrganizationLinks = lazy(() => import("@/features/administration/OrganizationLinks"));
const WebhookEndpoints = lazy(() => import("@/features/administration/WebhookEndpoints").then((module) => ({ default: module.WebhookEndpoints })));
const Usage = lazy(() => import("@/features/administration/Usage"));
const Exports = lazy(() => import("@/features/administration/Exports"));
const Service = lazy(() => import("@/features/administration/Service").then((module) => ({ default: module.Service })));

/** On a phone the tabs are wider than the screen: scrolls the open one into view. */
function showInFull(tab: HTMLElement | null) {
  tab?.scrollIntoView({ block: "nearest", inline: "center" });
}

export function Administration() {
  const me = useMe();
  const { tab = "staff" } = useSearch({ from: "/signed-in/administration" });
  if (!me.is_admin) {
    return (
      <main className="grid h-full place-items-center">
        <EmptyState icon={<LockIcon />} title="Administration is not open to you">
          Only administrators manage staff, permissions, lines and API keys, read the audit log and see quarantined texts.
        </EmptyState>
      </main>
    );
  }
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto max-w-[880px] px-4 pt-3.5">
          <h1 className="text-page font-heading">Administration</h1>
          {/* At a desk the tabs go on to the edge of the window: they are wider than the content below. */}
          <nav aria-label="Administration" className="mt-2 flex gap-1 overflow-x-auto desk:mr-[min(0px,calc((880px_+_76px_-_100vw)/2))]">
            {TABS.map((each) => (
              <Link
                key={each.key}
                to="/administration"
                search={each.search}
                activeOptions={{ exact: true }}
                aria-current={each.key === tab ? "page" : undefined}
                ref={each.key === tab ? showInFull : undefined}
                className={tabLook(each.key === tab)}
              >
                {each.label}
                {each.key === "quarantine" && <QuarantinedCount />}
              </Link>
            ))}
          </nav>
        </div>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto max-w-[880px] px-4 py-5">
          <Suspense fallback={<Skeleton className="h-40" />}>
            <Tab tab={tab} />
          </Suspense>
        </div>
      </div>
    </main>
  );
}

function Tab({ tab }: { tab: (typeof TABS)[number]["key"] }) {
  switch (tab) {
    case "staff":
      return <StaffAdministration />;
    case "organization":
      return <OrganizationSettings />;
    case "mass-text":
      return <MassTextSettings />;
    case "lines":
      return <Lines />;
    case "api-keys":
      return <ApiKeys />;
    case "webhooks":
      return <WebhookEndpoints />;
    case "audit-log":
      return <Log />;
    case "quarantine":
      return <Quarantine />;
    case "links":
      return <OrganizationLinks />;
    case "usage":
      return <Usage />;
    case "exports":
      return <Exports />;
    case "service":
      return <Service />;
  }
}

/** The filters are in the address. */
function Log() {
  const { actor, action, phone, conversation, from, to } = useSearch({ from: "/signed-in/administration" });
  const navigate = useNavigate();
  const filter: AuditLogFilter = { actor, action: isAuditAction(action) ? action : undefined, phone, conversation, from, to };
  return (
    <AuditLog
      filter={filter}
      onFilter={(changed) => void navigate({ to: "/administration", search: { tab: "audit-log", ...changed }, replace: true })}
    />
  );
}

function QuarantinedCount() {
  const { data } = useQuery(inboundHealthQuery);
  if (!data || data.quarantined === 0) return null;
  return (
    <>
      {" "}
      <CountBadge count={data.quarantined} tone="red" /> <span className="sr-only">quarantined</span>
    </>
  );
}
