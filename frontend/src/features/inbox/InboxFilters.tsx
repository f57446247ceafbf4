/** Under the tabs: filters of the list and saved views, as links of the address; and the panel with the other filters. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState, type ReactNode } from "react";

import { colleaguesQuery } from "@/api/colleagues";
import { filterOfView, inboxViewsQuery } from "@/api/inbox-views";
import { indicatorQuery } from "@/api/indicator";
import { lineLabelsQuery } from "@/api/line-labels";
import { useMe } from "@/api/session";
import { cx } from "@/lib/cx";
import { toFilter, withFilter, type InboxFilter } from "@/lib/inbox-search";
import { ariaKeys, describeKeys } from "@/lib/shortcuts";
import { capped } from "@/lib/text";
import { IconButton } from "@/ui/Button";
import { CloseIcon } from "@/ui/icons";

const FilterPanel = lazy(() => import("./FilterPanel"));

const CHIP = "inline-flex min-h-7 shrink-0 items-center gap-1 rounded-full border px-2.5 text-note font-medium whitespace-nowrap transition-colors target";

function chipLook(current: boolean, tone?: "red"): string {
  if (current) return cx(CHIP, "border-accent bg-accent-soft text-accent");
  return cx(CHIP, "border-line hover:bg-sunken", tone === "red" ? "text-red" : "text-ink-2 hover:text-ink");
}

export default function InboxFilters({ filter }: { filter: InboxFilter }) {
  const { staff_member } = useMe();
  const [isOpen, setOpen] = useState(false);
  const { data: indicator } = useQuery(indicatorQuery);
  const { data: views } = useQuery({ ...inboxViewsQuery, enabled: staff_member !== null });
  const figure = (count: number | undefined) => (count ? <span className="tabular">{capped(count, 999)}</span> : null);
  const notSent = indicator?.not_sent_conversations ?? 0;

  return (
    <>
      <div className="flex items-center border-b border-line">
        <nav aria-label="Filters" className="flex min-w-0 flex-1 gap-1.5 overflow-x-auto py-1.5 pl-2.5 [scrollbar-width:none]">
          <Chip current={filter.assignee === "me"} change={{ assignee: "me" }} without={{ assignee: undefined }} shortcut>
            Mine {figure(indicator?.mine_conversations)}
          </Chip>
          <Chip current={filter.assignee === "nobody"} change={{ assignee: "nobody" }} without={{ assignee: undefined }}>
            Unassigned {figure(indicator?.unassigned_conversations)}
          </Chip>
          {(notSent > 0 || filter.not_sent) && (
            <Chip current={filter.not_sent === true} change={{ not_sent: true }} without={{ not_sent: undefined }} tone="red">
              Not sent {figure(notSent)}
            </Chip>
          )}
          <OtherFilters filter={filter} />
          {views?.map((view) => (
            <Link
              key={view.id}
              to="."
              search={filter.view === view.id ? toFilter({}) : toFilter(filterOfView(view))}
              activeOptions={{ exact: true }}
              aria-current={filter.view === view.id ? "true" : undefined}
              title={view.shared ? `${view.name}: a shared view` : `${view.name}: a saved view`}
              className={chipLook(filter.view === view.id)}
            >
              <bdi className="max-w-40 truncate">{view.name}</bdi>
            </Link>
          ))}
        </nav>
        <IconButton label="Filters and views" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className={cx("mx-1", isOpen && "bg-sunken text-ink")}>
          <svg width="18" height="18" viewBox="0 0 22 22" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" aria-hidden="true">
            <path d="M3 6h16M6 11h10M9 16h4" />
          </svg>
        </IconButton>
      </div>
      {isOpen && (
        <Suspense fallback={null}>
          <FilterPanel filter={filter} views={views ?? []} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

interface ChipProps {
  current: boolean;
  change: Partial<InboxFilter>;
  without: Partial<InboxFilter>;
  tone?: "red";
  shortcut?: boolean;
  children: ReactNode;
}

/** On, it narrows the list; chosen again, it does no longer. */
function Chip({ current, change, without, tone, shortcut = false, children }: ChipProps) {
  return (
    <Link
      to="."
      search={withFilter({ view: undefined, q: undefined, ...(current ? without : change) })}
      activeOptions={{ exact: true }}
      aria-current={current ? "true" : undefined}
      {...(shortcut && { "aria-keyshortcuts": ariaKeys("mine"), title: `Mine (${describeKeys("mine")})` })}
      className={chipLook(current, tone)}
    >
      {children}
      {current && <CloseIcon size={14} />}
    </Link>
  );
}

/** The filters that the panel sets: named, and each with its way off. */
function OtherFilters({ filter }: { filter: InboxFilter }) {
  const { assignee, line, tag, sort } = filter;
  const colleague = assignee !== undefined && assignee !== "me" && assignee !== "nobody" ? assignee : undefined;
  const { data: colleagues } = useQuery({ ...colleaguesQuery, enabled: colleague !== undefined });
  const { data: lines } = useQuery({ ...lineLabelsQuery, enabled: line !== undefined });
  return (
    <>
      {colleague && (
        <Chip current change={{}} without={{ assignee: undefined }}>
          {colleagues?.find(({ id }) => id === colleague)?.name ?? "A colleague’s"}
        </Chip>
      )}
      {line && (
        <Chip current change={{}} without={{ line: undefined }}>
          {lines?.[line] ?? "One line"}
        </Chip>
      )}
      {tag && (
        <Chip current change={{}} without={{ tag: undefined }}>
          <span className="sr-only">Tag: </span>
          {tag}
        </Chip>
      )}
      {sort && (
        <Chip current change={{}} without={{ sort: undefined }}>
          Longest waiting first
        </Chip>
      )}
    </>
  );
}
