/** The frame of a record: who it is, its tabs, and what the chosen tab shows. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Avatar, Skeleton, Tag } from "@/ui/bits";
import { BackIcon } from "@/ui/icons";
import { tabLook } from "@/ui/look";

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
        <Link to={back.to} className="-ml-1 inline-flex items-center gap-1 rounded-sm text-note target text-ink-2 hover:text-ink">
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
              className={tabLook(each.key === tab)}
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
