/**
 * Keeps the open conversation in the list. Looking at an unread one makes it open, and it would vanish from under the
 * pointer; it stays where it was, with its new status, until another one or another tab is chosen.
 */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { conversationQuery } from "@/api/conversations";
import type { Conversation } from "@/api/types";

interface Kept {
  tab: string;
  index: number;
  conversation: Conversation;
}

export function useStickySelection(
  loaded: Conversation[] | undefined,
  selectedId: string | undefined,
  tab: string,
): Conversation[] | undefined {
  const [kept, setKept] = useState<Kept | null>(null);
  const { data: current } = useQuery({ ...conversationQuery(selectedId ?? ""), enabled: selectedId !== undefined });

  const index = loaded?.findIndex((conversation) => conversation.id === selectedId) ?? -1;
  const found = loaded?.[index];
  if (found && (kept?.conversation !== found || kept.index !== index || kept.tab !== tab)) {
    setKept({ tab, index, conversation: found });
  }

  if (!loaded || found || !kept || kept.tab !== tab || kept.conversation.id !== selectedId) return loaded;
  const row = current?.id === selectedId ? current : kept.conversation;
  return loaded.toSpliced(kept.index, 0, row);
}
