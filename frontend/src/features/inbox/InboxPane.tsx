/** The list pane: conversations under the four tabs, newest first, or the results of a message search. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useImperativeHandle, useState, type Ref } from "react";

import { ConversationList } from "./ConversationList";
import { nextConversation } from "./next-conversation";
import { NotificationOffer } from "./NotificationOffer";
import { StatusTabs } from "./StatusTabs";
import { useConversationCursor } from "./useConversationCursor";
import { useStickySelection } from "./useStickySelection";
import { conversationListQuery } from "@/api/conversations";
import { may, useMe } from "@/api/session";
import type { ConversationStatus } from "@/api/types";
import { cx } from "@/lib/cx";
import { keepFilter, toStatus } from "@/lib/inbox-search";
import { LIST_SCOPE, useShortcuts } from "@/lib/shortcuts";
import { IconButton } from "@/ui/Button";
import { ComposeIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";
import { ToastSlot } from "@/ui/Toast";

const NewConversation = lazy(() => import("./NewConversation"));
const SearchResults = lazy(() => import("./SearchResults"));

export interface InboxHandle {
  /** Opens the conversation after one that has been closed, and puts the keyboard focus on its row. */
  openAfter: (closedId: string) => void;
}

interface InboxPaneProps {
  ref?: Ref<InboxHandle>;
  status: ConversationStatus | undefined;
  /** The query of a message search; undefined shows the list. */
  q: string | undefined;
  onSearch: (q: string) => void;
  selectedId: string | undefined;
  /** The message at which the thread was opened. */
  selectedSeq: number | undefined;
  className?: string;
}

export function InboxPane({ ref, status, q = "", onSearch, selectedId, selectedSeq, className }: InboxPaneProps) {
  const me = useMe();
  const [starting, setStarting] = useState(false);
  const list = useInfiniteQuery(conversationListQuery(status ? { status } : {}));
  const loaded = list.data?.pages.flatMap((page) => page.items);
  const conversations = useStickySelection(loaded, selectedId, status ?? "all");
  const listRef = useConversationCursor(selectedId, !q);
  const navigate = useNavigate();
  const start = may(me, "mass_text") ? () => setStarting(true) : undefined;
  const show = (wanted: ConversationStatus | undefined) => () => void navigate({ to: ".", search: toStatus(wanted) });
  useShortcuts({ ...(start && { start }), ...(q && { endSearch: () => onSearch("") }), all: show(undefined), unread: show("unread"), opened: show("open"), closed: show("closed") });

  useImperativeHandle(ref, () => ({
    openAfter: (closedId) => {
      const ids = listRef.current?.ids() ?? [];
      const next = nextConversation(ids, closedId);
      if (q || next === undefined) return;
      listRef.current?.focusRow(ids.indexOf(next));
      void navigate({ to: "/messenger/$conversationId", params: { conversationId: next }, search: keepFilter });
    },
  }));

  return (
    // Focusable, so that keys of the list act where it is empty.
    <section aria-label="Conversations" tabIndex={-1} className={cx("outline-none", className)} {...LIST_SCOPE}>
      <header className="flex items-center justify-between pt-3.5 pr-3 pb-1.5 pl-4">
        <h1 className="text-page font-heading">Messenger</h1>
        {start && (
          <IconButton label="New conversation" shortcut="start" onClick={start}>
            <ComposeIcon size={20} />
          </IconButton>
        )}
      </header>
      <SearchBox label="Search messages" q={q} onSearch={onSearch} className="mx-2.5 mb-1" />
      {q ? (
        <>
          <Suspense fallback={null}>
            <SearchResults ref={listRef} q={q} selectedId={selectedId} selectedSeq={selectedSeq} />
          </Suspense>
        </>
      ) : (
        <>
          <StatusTabs status={status} />
          <ConversationList
            ref={listRef}
            query={list}
            conversations={conversations}
            status={status}
            selectedId={selectedId}
          />
        </>
      )}
      <ToastSlot rank="list" />
      <NotificationOffer />
      {starting && (
        <Suspense fallback={null}>
          <NewConversation onClose={() => setStarting(false)} />
        </Suspense>
      )}
    </section>
  );
}
