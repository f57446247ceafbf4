/** Keys of the list beside those that walk it: tabs, filters and the selection. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import type { Selection } from "./useSelection";
import { toLater, toStatus, withFilter, type InboxFilter } from "@/lib/inbox-search";
import { useShortcuts } from "@/lib/shortcuts";

interface Keys {
  filter: InboxFilter;
  selection: Selection;
  start: (() => void) | undefined;
  endSearch: () => void;
}

export function useInboxKeys({ filter, selection, start, endSearch }: Keys): void {
  const navigate = useNavigate();
  const show = (search: typeof toLater) => () => void navigate({ to: ".", search });
  const end = selection.ids.size > 0 ? selection.clear : filter.q ? endSearch : undefined;
  const select = (range: boolean) => () => {
    const id = rowInFocus();
    if (id) selection.toggle(id, range);
  };
  useShortcuts({
    ...(start && { start }),
    ...(end && { endSearch: end }),
    ...(!filter.q && { select: select(false), selectRange: select(true) }),
    all: show(toStatus(undefined)),
    unread: show(toStatus("unread")),
    opened: show(toStatus("open")),
    closed: show(toStatus("closed")),
    showLater: show(toLater),
    mine: show(withFilter({ assignee: filter.assignee === "me" ? undefined : "me", view: undefined, q: undefined })),
  });
  const { selectAll } = selection;
  const isSearch = Boolean(filter.q);
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const isAll = event.key === "a" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isInList = event.target instanceof HTMLElement && event.target.closest("[data-shortcuts=list]") !== null;
      if (!isAll || isSearch || !isInList || isTextBox(event.target)) return;
      event.preventDefault();
      selectAll();
    };
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, [isSearch, selectAll]);
}

function isTextBox(target: EventTarget | null): boolean {
  return (target instanceof HTMLInputElement && target.type !== "checkbox") || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}

/** The row that has the focus, else that of the open conversation. */
function rowInFocus(): string | undefined {
  const row =
    document.activeElement?.closest<HTMLElement>("[data-conversation]") ??
    document.querySelector<HTMLElement>("a[aria-current]")?.closest<HTMLElement>("[data-conversation]");
  return row?.dataset.conversation;
}
