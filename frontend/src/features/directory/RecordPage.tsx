/** The frame of a record: who it is, its tabs, and what the chosen tab shows. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { cx } from "@/lib/cx";
import { Avatar, Skeleton, Tag } from "@/ui/bits";
import { BackIcon } from "@/ui/icons";

interface RecordPageProps {
  back: { to: "/families" | "/staff"; label: string };
  name: string | undefined;
  avatarName?: string | undefined;
  archived: boolean;
  subtitle?: ReactNode;
  tab: "overview" | "communication";
  overviewLabel: string;
  /** Only with SMS Logs. */
  showsCommunication: boolean;
  /** Stands at the end of the heading. */
  action?: ReactNode;
  children: ReactNode;
}

export function RecordPage({ back, name, avatarName, archived, subtitle, tab, overviewLabel, showsCommunication, action, children }: RecordPageProps) {
  const tabs = [
    { key: "overview", label: overviewLabel, search: {} },
    ...(showsCommunication ? [{ key: "communication", label: "Communication", search: { tab: "communication" as const } }] : []),
  ];
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line px-4 pt-3 desk:px-6">
        <Link to={back.to} className="-ml-1 inline-flex items-center gap-1 rounded-sm text-note max-desk:min-h-[44px] text-ink-2 hover:text-ink">
          <BackIcon size={16} />
          {back.label}
        </Link>
        <div className="mt-2 flex items-center gap-3">
          <Avatar name={avatarName ?? name ?? ""} />
          <div className="min-w-0 flex-1">
            <h1 className="flex items-center gap-2 text-page font-heading">
              {name ? <bdi className="truncate">{name}</bdi> : <Skeleton className="h-5 w-40" />}
              {archived && <Tag>Archived</Tag>}
            </h1>
            {subtitle && <p className="truncate text-note text-ink-2">{subtitle}</p>}
          </div>
          {action}
        </div>
        <nav aria-label="Record" className="mt-2 flex gap-1">
          {tabs.map((each) => (
            <Link
              key={each.key}
              to="."
              search={each.search}
              activeOptions={{ exact: true }}
              aria-current={each.key === tab ? "page" : undefined}
              className={cx(
                "-mb-px flex items-center border-b-2 px-2 pt-2 pb-[9px] max-desk:min-h-[44px] font-medium transition-colors",
                each.key === tab ? "border-accent text-ink" : "border-transparent text-ink-2 hover:text-ink",
              )}
            >
              {each.label}
            </Link>
          ))}
        </nav>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
    </main>
  );
}
