/** One act on several conversations, and its undo. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { writerOf, type Patch } from "./cache-writer";
import { client, unwrap } from "./client";
import type { components } from "./schema";
import type { Conversation } from "./types";

export type BulkResults = components["schemas"]["BulkResults"];

export type BulkAct =
  | { action: "close" | "reopen" | "release" | "dismiss_not_sent" }
  | { action: "assign"; staffMember: { id: string; name: string } }
  | { action: "later"; at: string };

function patchOf(act: BulkAct, seen: ReadonlyMap<string, number>): Patch {
  return (row) => {
    const isBehind = row.last_seq > (seen.get(row.id) ?? 0);
    switch (act.action) {
      case "close":
        return isBehind ? row : { ...row, status: "closed", unread_messages: 0, seen_seq: row.last_seq };
      case "reopen":
        return row.status === "closed" ? { ...row, status: "open" } : row;
      case "release":
        return { ...row, assignee: null };
      case "assign":
        return { ...row, assignee: act.staffMember };
      case "dismiss_not_sent":
        return { ...row, not_sent: 0 };
      case "later":
        return row;
    }
  };
}

/** Shown at once. What the person has on screen counts as seen: a text that has come since refuses its conversation. */
export function useBulkAct() {
  const writer = writerOf(useQueryClient());
  return useMutation({
    mutationFn: ({ rows, act }: { rows: readonly Pick<Conversation, "id" | "last_seq">[]; act: BulkAct }) => {
      const items = rows.map((row) => ({ id: row.id, seen_seq: row.last_seq }));
      const { action } = act;
      const body =
        action === "assign"
          ? { action, items, staff_member_id: act.staffMember.id }
          : action === "later"
            ? { action, items, at: act.at, unless_answered: false }
            : { action, items };
      return unwrap(client.POST("/api/v1/conversations/bulk", { body }));
    },
    onMutate: ({ rows, act }) => {
      const seen = new Map(rows.map((row) => [row.id, row.last_seq]));
      return { ends: new Map(rows.map((row) => [row.id, writer.overlay(row.id, patchOf(act, seen))])) };
    },
    onSettled: (answer, _error, _variables, shown) => {
      const rows = new Map(answer?.items.map((item) => [item.id, item.conversation ?? undefined]));
      for (const [id, end] of shown?.ends ?? []) end(rows.get(id));
    },
  });
}

export function useUndoBulkAct() {
  const writer = writerOf(useQueryClient());
  return useMutation({
    mutationFn: (undoId: string) => unwrap(client.POST("/api/v1/conversations/bulk/{undo_id}/undo", { params: { path: { undo_id: undoId } } })),
    onSuccess: (answer) => {
      for (const { conversation } of answer.items) if (conversation) writer.answered(conversation);
    },
  });
}
