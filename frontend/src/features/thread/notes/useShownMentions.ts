import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { mentionCountQuery, useReadMentions } from "@/api/mentions";
import type { ThreadEntry } from "@/api/thread-entries";

/** A mention is read once its note has been shown, whichever way the thread was opened. */
export function useShownMentions(conversationId: string, self: string | undefined, entries: readonly ThreadEntry[], isShown: boolean): void {
  const { data } = useQuery(mentionCountQuery);
  const { mutate } = useReadMentions();
  const isMentioned = entries.some((entry) => entry.kind === "note" && entry.note.mentions.some((each) => each.staff_member_id === self));
  const isUnread = isShown && isMentioned && (data?.unread ?? 0) > 0;
  useEffect(() => {
    if (!isUnread) return;
    const read = () => {
      if (document.visibilityState === "visible") mutate({ conversation_id: conversationId });
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [isUnread, conversationId, mutate, data?.unread]);
}
