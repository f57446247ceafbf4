import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { indicatorQuery } from "@/api/indicator";
import type { ConversationStatus } from "@/api/types";
import { toStatus } from "@/lib/inbox-search";
import { ariaKeys, describeKeys, type ShortcutName } from "@/lib/shortcuts";
import { capped } from "@/lib/text";
import { tabLook } from "@/ui/look";

interface Tab {
  label: string;
  status: ConversationStatus | undefined;
  shortcut: ShortcutName;
  count?: string;
}

/** The tabs are links: the filter is the address, so a reload or a shared link shows the same list. */
export function StatusTabs({ status }: { status: ConversationStatus | undefined }) {
  const { data: indicator } = useQuery(indicatorQuery);
  const count = (figure: number | undefined) => (figure ? { count: capped(figure, 999) } : {});

  const tabs: Tab[] = [
    { label: "All", status: undefined, shortcut: "all" },
    { label: "Unread", status: "unread", shortcut: "unread", ...count(indicator?.unread_conversations) },
    { label: "Open", status: "open", shortcut: "opened", ...count(indicator?.open_conversations) },
    { label: "Closed", status: "closed", shortcut: "closed" },
  ];

  return (
    <nav aria-label="Show conversations" className="flex gap-0.5 border-b border-line px-2.5">
      {tabs.map((tab) => {
        const current = tab.status === status;
        return (
          <Link
            key={tab.label}
            to="."
            search={toStatus(tab.status)}
            activeOptions={{ exact: true }}
            aria-current={current ? "page" : undefined}
            aria-keyshortcuts={ariaKeys(tab.shortcut)}
            title={`${tab.label} (${describeKeys(tab.shortcut)})`}
            className={tabLook(current)}
          >
            {tab.label} {tab.count && <span className="text-ink-3 tabular">{tab.count}</span>}
          </Link>
        );
      })}
    </nav>
  );
}
