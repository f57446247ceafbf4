/** The conversations of the list that are selected for one act on all of them. Another list has another selection. */
import { useCallback, useEffect, useRef, useState } from "react";

import { MOST_TOGETHER } from "@/api/bulk-limit";
import type { Conversation } from "@/api/types";

export interface Selection {
  ids: ReadonlySet<string>;
  /** The selected rows, in the list's order. */
  rows: readonly Conversation[];
  /** Selects a row or no longer; `range` selects from the last one up to it. */
  toggle: (id: string, range: boolean) => void;
  selectAll: () => void;
  clear: () => void;
}

interface Chosen {
  list: string;
  ids: ReadonlySet<string>;
  anchor: string | null;
}

const NONE: ReadonlySet<string> = new Set();

export function useSelection(conversations: readonly Conversation[] | undefined, list: string): Selection {
  const [chosen, setChosen] = useState<Chosen>({ list, ids: NONE, anchor: null });
  const order = useRef<string[]>([]);
  useEffect(() => {
    order.current = conversations?.map(({ id }) => id) ?? [];
  });

  const toggle = useCallback(
    (id: string, range: boolean) =>
      setChosen((before) => {
        const { ids, anchor } = before.list === list ? before : { ids: NONE, anchor: null };
        const [from, to] = [order.current.indexOf(anchor ?? ""), order.current.indexOf(id)];
        const next = new Set(ids);
        if (range && from !== -1 && to !== -1) {
          for (const each of order.current.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each);
        } else if (!next.delete(id)) {
          next.add(id);
        }
        return { list, ids: new Set([...next].slice(0, MOST_TOGETHER)), anchor: id };
      }),
    [list],
  );
  const selectAll = useCallback(() => setChosen({ list, ids: new Set(order.current.slice(0, MOST_TOGETHER)), anchor: null }), [list]);
  const clear = useCallback(() => setChosen({ list, ids: NONE, anchor: null }), [list]);

  const all = chosen.list === list ? chosen.ids : NONE;
  // What has left the list is selected no longer.
  const rows = all.size === 0 ? [] : (conversations?.filter(({ id }) => all.has(id)) ?? []);
  const ids = rows.length === all.size ? all : new Set(rows.map(({ id }) => id));
  return { ids, rows, toggle, selectAll, clear };
}
