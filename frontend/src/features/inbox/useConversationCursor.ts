/**
 * The keys of the list (FOCUS): j and k walk it, `r` goes into the composer; Enter, as on any link, opens. The row after
 * the one on which the focus rests is loaded.
 */
import { useRef, type RefObject } from "react";

import { usePreloadConversation } from "@/api/preload";
import { focusComposer } from "@/lib/composer-focus";
import { useShortcuts } from "@/lib/shortcuts";
import type { ListHandle } from "@/ui/EndlessList";

/** A key held down passes a row in less: what it passes is not loaded. */
const REST_MS = 60;

/** `listsConversations`: the ids of the list are those of conversations. */
export function useConversationCursor(selectedId: string | undefined, listsConversations: boolean): RefObject<ListHandle | null> {
  const list = useRef<ListHandle>(null);
  const preload = usePreloadConversation();
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined);

  const move = (step: 1 | -1) => {
    if (!list.current) return;
    const ids = list.current.ids();
    if (ids.length === 0) return;
    const at = currentIndex();
    const next = at === -1 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step));
    list.current.focusRow(next);
    const neighbour = ids[next + step];
    clearTimeout(resting.current);
    if (listsConversations && neighbour) resting.current = setTimeout(() => preload(neighbour), REST_MS);
  };
  const reply = () => {
    const row = focusedRow();
    if (row && !row.hasAttribute("aria-current")) row.click();
    else if (selectedId !== undefined) focusComposer(selectedId);
  };
  useShortcuts({ next: () => move(1), previous: () => move(-1), reply });

  return list;
}

function focusedRow(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>("[data-index] a") ?? null;
}

/** The focused row, else the open conversation's, else none. */
function currentIndex(): number {
  const row = focusedRow() ?? document.querySelector<HTMLElement>("[data-index] a[aria-current]");
  return Number(row?.closest<HTMLElement>("[data-index]")?.dataset.index ?? -1);
}
