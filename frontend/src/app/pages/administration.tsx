/** What only administrators do. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import type { AuditLogFilter } from "@/api/audit-log";
import { useMe } from "@/api/session";
import { ApiKeys } from "@/features/administration/ApiKeys";
import { AuditLog } from "@/features/administration/AuditLog";
import { isAuditAction } from "@/features/administration/describe-log-entry";
import { StaffAdministration } from "@/features/administration/StaffAdministration";
import { cx } from "@/lib/cx";
import { LockIcon } from "@/ui/icons";
import { EmptyState } from "@/ui/states";

const TABS = [
  { key: "staff", label: "Staff and permissions", search: {} },
  { key: "api-keys", label: "API keys", search: { tab: "api-keys" } },
  { key: "audit-log", label: "Audit log", search: { tab: "audit-log" } },
] as const;

export function Administration() {
  const me = useMe();
  const { tab = "staff" } = useSearch({ from: "/signed-in/administration" });
  if (!me.is_admin) {
    return (
      <main className="grid h-full place-items-center">
        <EmptyState icon={<LockIcon />} title="Administration is not open to you">
          Only administrators manage staff, permissions and API keys, and read the audit log.
        </EmptyState>
      </main>
    );
  }
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto max-w-[880px] px-4 pt-3.5">
          <h1 className="text-page font-heading">Administration</h1>
          <nav aria-label="Administration" className="mt-2 flex gap-1 overflow-x-auto">
            {TABS.map((each) => (
              <Link
                key={each.key}
                to="/administration"
                search={each.search}
                activeOptions={{ exact: true }}
                aria-current={each.key === tab ? "page" : undefined}
                className={cx(
                  "-mb-px border-b-2 px-2 pt-2 pb-[9px] font-medium transition-colors",
                  each.key === tab ? "border-accent text-ink" : "border-transparent text-ink-2 hover:text-ink",
                )}
              >
                {each.label}
              </Link>
            ))}
          </nav>
        </div>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto max-w-[880px] px-4 py-5">
          {tab === "api-keys" ? <ApiKeys /> : tab === "audit-log" ? <Log /> : <StaffAdministration />}
        </div>
      </div>
    </main>
  );
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
