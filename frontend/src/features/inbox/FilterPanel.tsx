/** The filters that are needed less often, the order of the list, and the saved views. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useRef, type ReactNode } from "react";

import { SavedViews } from "./SavedViews";
import { colleaguesQuery } from "@/api/colleagues";
import type { InboxView } from "@/api/inbox-views";
import { lineLabelsQuery } from "@/api/line-labels";
import { useMe } from "@/api/session";
import { tagNamesQuery } from "@/api/tags";
import { withFilter, type InboxFilter } from "@/lib/inbox-search";
import { Button } from "@/ui/Button";

interface FilterPanelProps {
  filter: InboxFilter;
  views: readonly InboxView[];
  onClose: () => void;
}

export default function FilterPanel({ filter, views, onClose }: FilterPanelProps) {
  const me = useMe();
  const navigate = useNavigate();
  const panel = useRef<HTMLDivElement>(null);
  const { data: colleagues = [] } = useQuery(colleaguesQuery);
  const { data: lines = {} } = useQuery(lineLabelsQuery);
  const { data: tags = [] } = useQuery(tagNamesQuery);
  const labels = Object.entries(lines);
  const change = (part: Partial<InboxFilter>) => void navigate({ to: ".", search: withFilter({ ...part, q: undefined }), replace: true });
  useEffect(() => panel.current?.querySelector("select")?.focus(), []);

  return (
    <div
      ref={panel}
      role="group"
      aria-label="Filters and views"
      className="max-h-[60dvh] shrink-0 space-y-2.5 overflow-y-auto border-b border-line bg-bg px-3 py-3"
    >
      <Choice label="Who has it" value={filter.assignee ?? ""} onChange={(assignee) => change({ assignee })}>
        <option value="">Anybody</option>
        {me.staff_member && <option value="me">Me</option>}
        <option value="nobody">Nobody</option>
        {colleagues.filter(({ id }) => id !== me.staff_member?.id).map(({ id, name }) => (
          <option key={id} value={id}>{name}</option>
        ))}
      </Choice>
      {labels.length > 1 && (
        <Choice label="Line" value={filter.line ?? ""} onChange={(line) => change({ line })}>
          <option value="">Any line</option>
          {labels.map(([id, label]) => (
            <option key={id} value={id}>{label}</option>
          ))}
        </Choice>
      )}
      {(tags.length > 0 || filter.tag) && (
        <Choice label="Tag" value={filter.tag ?? ""} onChange={(tag) => change({ tag })}>
          <option value="">Any tag</option>
          {[...new Set([...tags, ...(filter.tag ? [filter.tag] : [])])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choice>
      )}
      <Choice label="Texts" value={filter.not_sent ? "not_sent" : ""} onChange={(chosen) => change({ not_sent: chosen ? true : undefined })}>
        <option value="">Sent or not</option>
        <option value="not_sent">Not sent</option>
      </Choice>
      <Choice label="Order" value={filter.sort ?? ""} onChange={(sort) => change({ sort: sort ? "waiting" : undefined })}>
        <option value="">Newest first</option>
        <option value="waiting">Longest waiting first</option>
      </Choice>
      {me.staff_member && <SavedViews filter={filter} views={views} ownerId={me.staff_member.id} isAdmin={me.is_admin} />}
      <div className="flex justify-end">
        <Button size="sm" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}

function Choice({ label, value, onChange, children }: { label: string; value: string; onChange: (value: string | undefined) => void; children: ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-center gap-2.5">
      <label htmlFor={id} className="w-20 shrink-0 text-note text-ink-2">
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value || undefined)}
        className="h-8 min-w-0 flex-1 rounded-md border border-edge bg-surface px-2 text-ink max-desk:h-[44px] [@media(hover:none)]:text-title"
      >
        {children}
      </select>
    </div>
  );
}
