/** j and k walk the list with the keyboard focus; Enter, as on any link, opens. The row after the focused one is loaded. */
import { useRef, type RefObject } from "react";

import { usePreloadConversation } from "@/api/preload";
import { useHotkeys } from "@/lib/hotkeys";
import type { ListHandle } from "@/ui/EndlessList";

/** `listsConversations`: the ids of the list are those of conversations. */
export function useConversationCursor(listsConversations: boolean): RefObject<ListHandle | null> {
  const list = useRef<ListHandle>(null);
  const preload = usePreloadConversation();

  const move = (step: 1 | -1) => {
    if (!list.current) return;
    const ids = list.current.ids();
    if (ids.length === 0) return;
    const at = currentIndex();
    const next = at === -1 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step));
    list.current.focusRow(next);
    const neighbour = ids[next + step];
    if (listsConversations && neighbour) preload(neighbour);
  };
  useHotkeys({ j: () => move(1), k: () => move(-1) });

  return list;
}

/** The focused row, else the open conversation's, else none. */
function currentIndex(): number {
  const focused = document.activeElement?.closest<HTMLElement>("[data-index]");
  const row = focused ?? document.querySelector<HTMLElement>("[data-index]:has([aria-current])");
  return row ? Number(row.dataset.index) : -1;
}
