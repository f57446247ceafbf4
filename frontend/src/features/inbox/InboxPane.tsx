/** The list pane: conversations under the four tabs, newest first, or the results of a message search. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { ConnectionNotice } from "./ConnectionNotice";
import { ConversationList } from "./ConversationList";
import { NotificationOffer } from "./NotificationOffer";
import { StatusTabs } from "./StatusTabs";
import { useConversationCursor } from "./useConversationCursor";
import { useStickySelection } from "./useStickySelection";
import { conversationListQuery } from "@/api/conversations";
import { may, useMe } from "@/api/session";
import type { ConversationStatus } from "@/api/types";
import { useHotkeys } from "@/lib/hotkeys";
import { IconButton } from "@/ui/Button";
import { ComposeIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";

const NewConversation = lazy(() => import("./NewConversation"));
const SearchResults = lazy(() => import("./SearchResults"));

interface InboxPaneProps {
  status: ConversationStatus | undefined;
  /** The query of a message search; undefined shows the list. */
  q: string | undefined;
  onSearch: (q: string) => void;
  selectedId: string | undefined;
  /** The message at which the thread was opened. */
  selectedSeq: number | undefined;
  className?: string;
}

export function InboxPane({ status, q = "", onSearch, selectedId, selectedSeq, className }: InboxPaneProps) {
  const me = useMe();
  const [starting, setStarting] = useState(false);
  const list = useInfiniteQuery(conversationListQuery(status ? { status } : {}));
  const loaded = list.data?.pages.flatMap((page) => page.items);
  const conversations = useStickySelection(loaded, selectedId, status ?? "all");
  const listRef = useConversationCursor(!q);
  useHotkeys(q ? { Escape: () => onSearch("") } : {});

  return (
    <section aria-label="Conversations" className={className}>
      <header className="flex items-center justify-between pt-3.5 pr-3 pb-1.5 pl-4">
        <h1 className="text-page font-heading">Messenger</h1>
        {may(me, "mass_text") && (
          <IconButton label="New conversation" onClick={() => setStarting(true)}>
            <ComposeIcon size={20} />
          </IconButton>
        )}
      </header>
      <SearchBox label="Search messages" q={q} onSearch={onSearch} className="mx-2.5 mb-1" />
      {q ? (
        <>
          <ConnectionNotice />
          <Suspense fallback={null}>
            <SearchResults ref={listRef} q={q} status={status} selectedId={selectedId} selectedSeq={selectedSeq} />
          </Suspense>
        </>
      ) : (
        <>
          <StatusTabs status={status} />
          <ConnectionNotice />
          <ConversationList
            ref={listRef}
            query={list}
            conversations={conversations}
            status={status}
            selectedId={selectedId}
          />
        </>
      )}
      <NotificationOffer />
      {starting && (
        <Suspense fallback={null}>
          <NewConversation onClose={() => setStarting(false)} />
        </Suspense>
      )}
    </section>
  );
}
