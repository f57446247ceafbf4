import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { indicatorQuery } from "@/api/indicator";
import type { ConversationStatus } from "@/api/types";
import { cx } from "@/lib/cx";
import { capped } from "@/lib/text";

interface Tab {
  label: string;
  status: ConversationStatus | undefined;
  count?: string;
}

/** The tabs are links: the filter is the address, so a reload or a shared link shows the same list. */
export function StatusTabs({ status }: { status: ConversationStatus | undefined }) {
  const { data: indicator } = useQuery(indicatorQuery);
  const count = (figure: number | undefined) => (figure ? { count: capped(figure, 999) } : {});

  const tabs: Tab[] = [
    { label: "All", status: undefined },
    { label: "Unread", status: "unread", ...count(indicator?.unread_conversations) },
    { label: "Open", status: "open", ...count(indicator?.open_conversations) },
    { label: "Closed", status: "closed" },
  ];

  return (
    <nav aria-label="Show conversations" className="flex gap-0.5 border-b border-line px-2.5">
      {tabs.map((tab) => {
        const current = tab.status === status;
        return (
          <Link
            key={tab.label}
            to="."
            search={tab.status ? { status: tab.status } : {}}
            activeOptions={{ exact: true }}
            aria-current={current ? "page" : undefined}
            className={cx(
              "-mb-px flex items-center gap-1 border-b-2 px-2 pt-2 pb-[9px] font-medium max-desk:min-h-[44px] max-desk:min-w-[44px] transition-colors",
              current ? "border-accent text-ink" : "border-transparent text-ink-2 hover:text-ink",
            )}
          >
            {tab.label} {tab.count && <span className="text-ink-3 tabular">{tab.count}</span>}
          </Link>
        );
      })}
    </nav>
  );
}
