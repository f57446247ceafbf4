import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { indicatorQuery } from "@/api/indicator";
import { toLater, toStatus, type InboxFilter } from "@/lib/inbox-search";
import { ariaKeys, describeKeys, type ShortcutName } from "@/lib/shortcuts";
import { capped } from "@/lib/text";
import { tabLook } from "@/ui/look";

interface Tab {
  label: string;
  search: typeof toLater;
  current: boolean;
  shortcut: ShortcutName;
  count?: string;
}

/** The tabs are links: the filter is the address, so a reload or a shared link shows the same list. */
export function StatusTabs({ status, later }: Pick<InboxFilter, "status" | "later">) {
  const { data: indicator } = useQuery(indicatorQuery);
  const count = (figure: number | undefined) => (figure ? { count: capped(figure, 999) } : {});

  const tabs: Tab[] = [
    { label: "All", search: toStatus(undefined), current: !status && !later, shortcut: "all" },
    { label: "Unread", search: toStatus("unread"), current: status === "unread", shortcut: "unread", ...count(indicator?.unread_conversations) },
    { label: "Open", search: toStatus("open"), current: status === "open", shortcut: "opened", ...count(indicator?.open_conversations) },
    { label: "Closed", search: toStatus("closed"), current: status === "closed", shortcut: "closed" },
    { label: "Later", search: toLater, current: later === true, shortcut: "showLater", ...count(indicator?.later_conversations) },
  ];

  return (
    <nav aria-label="Show conversations" className="flex overflow-x-auto border-b border-line px-2 [scrollbar-width:none]">
      {tabs.map((tab) => {
        const { current } = tab;
        return (
          <Link
            key={tab.label}
            to="."
            search={tab.search}
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
