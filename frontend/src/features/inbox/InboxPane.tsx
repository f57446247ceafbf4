/** The list pane: conversations under the tabs and filters, or the results of a search. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useImperativeHandle, useState, type PointerEvent, type Ref } from "react";

import { ConversationList } from "./ConversationList";
import { nextConversation } from "./next-conversation";
import { StatusTabs } from "./StatusTabs";
import { useConversationCursor } from "./useConversationCursor";
import { useInboxKeys } from "./useInboxKeys";
import { useSelection } from "./useSelection";
import { useStickySelection } from "./useStickySelection";
import { conversationListQuery } from "@/api/conversations";
import type { ConversationFilter } from "@/api/keys";
import { lineLabelsQuery } from "@/api/line-labels";
import { usePendingFirstTexts } from "@/api/outbox-context";
import { usePreloadConversation } from "@/api/preload";
import { may, useMe } from "@/api/session";
import { cx } from "@/lib/cx";
import { keepFilter, toCompose, type InboxFilter } from "@/lib/inbox-search";
import { LIST_SCOPE } from "@/lib/shortcuts";
import { IconButton } from "@/ui/Button";
import { ComposeIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";
import { ToastSlot } from "@/ui/Toast";

const BulkBar = lazy(() => import("./BulkBar"));
const InboxFilters = lazy(() => import("./InboxFilters"));
const NotificationOffer = lazy(() => import("./NotificationOffer"));
const NewConversation = lazy(() => import("./NewConversation"));
const PendingFirstTexts = lazy(() => import("./PendingFirstTexts"));
const SearchResults = lazy(() => import("./SearchResults"));

export interface InboxHandle {
  /** Opens the conversation after one that has been closed, and puts the keyboard focus on its row. */
  openAfter: (closedId: string) => void;
}

interface InboxPaneProps {
  ref?: Ref<InboxHandle>;
  filter: InboxFilter;
  /** A number to text: the window for a new conversation is open. */
  textTo: string | undefined;
  onSearch: (q: string) => void;
  selectedId: string | undefined;
  /** The message at which the thread was opened. */
  selectedSeq: number | undefined;
  className?: string;
}

/** The filter of the address, as the list is asked for. */
function listFilter({ status, assignee, not_sent, later, line, tag, sort }: InboxFilter, myId: string | undefined): ConversationFilter {
  return {
    ...(status && { status }),
    ...(assignee && { assignee: assignee === "nobody" ? "none" : assignee === "me" ? (myId ?? "none") : assignee }),
    ...(not_sent && { notSent: true as const }),
    ...(later && { later: true as const }),
    ...(line && { lineId: line }),
    ...(tag && { tag }),
    ...(sort && { sort: "longest_waiting" as const }),
  };
}

export function InboxPane({ ref, filter, textTo, onSearch, selectedId, selectedSeq, className }: InboxPaneProps) {
  const me = useMe();
  const { q = "" } = filter;
  const [starting, setStarting] = useState(false);
  const asked = listFilter(filter, me.staff_member?.id);
  const listKey = JSON.stringify(asked);
  const list = useInfiniteQuery(conversationListQuery(asked));
  const loaded = list.data?.pages.flatMap((page) => page.items);
  const conversations = useStickySelection(loaded, selectedId, listKey);
  const selection = useSelection(conversations, q ? "" : listKey);
  const listRef = useConversationCursor(selectedId, !q);
  const navigate = useNavigate();
  const firstTexts = usePendingFirstTexts();
  const { data: lines = {} } = useQuery(lineLabelsQuery);
  const start = may(me, "mass_text") ? () => setStarting(true) : undefined;
  useInboxKeys({ filter, selection, start, endSearch: () => onSearch("") });
  const preload = usePreloadConversation();
  // A press opens at its end, some 80 ms later. A finger may begin to scroll: the row's link waits for what that does.
  const preloadPressed = ({ target, button, pointerType }: PointerEvent) => {
    if (button !== 0 || pointerType === "touch" || !(target instanceof Element)) return;
    const row = target.closest("a")?.closest<HTMLElement>("[data-conversation]");
    if (row?.dataset.conversation) preload(row.dataset.conversation);
  };
  const stop = () => {
    setStarting(false);
    if (textTo) void navigate({ to: ".", search: toCompose(undefined), replace: true });
  };

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
    <section aria-label="Conversations" tabIndex={-1} className={cx("outline-none", className)} onPointerDown={preloadPressed} {...LIST_SCOPE}>
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
        <Suspense fallback={null}>
          <SearchResults ref={listRef} q={q} inNotes={filter.notes === true} selectedId={selectedId} selectedSeq={selectedSeq} />
        </Suspense>
      ) : (
        <>
          <StatusTabs status={filter.status} later={filter.later} />
          <Suspense fallback={<div className="h-[45px] shrink-0 border-b border-line" />}>
            <InboxFilters filter={filter} />
          </Suspense>
          {firstTexts.length > 0 && (
            <Suspense fallback={null}>
              <PendingFirstTexts items={firstTexts} onEdit={(number) => void navigate({ to: ".", search: toCompose(number) })} />
            </Suspense>
          )}
          <ConversationList
            ref={listRef}
            query={list}
            conversations={conversations}
            filter={filter}
            selectedId={selectedId}
            selection={selection}
            namesLines={Object.keys(lines).length > 1}
          />
          {selection.rows.length > 0 && (
            <Suspense fallback={null}>
              <BulkBar selection={selection} />
            </Suspense>
          )}
        </>
      )}
      <ToastSlot rank="list" />
      <Suspense fallback={null}>
        <NotificationOffer />
      </Suspense>
      {start && (starting || textTo) && (
        <Suspense fallback={null}>
          <NewConversation key={textTo} number={textTo} onClose={stop} />
        </Suspense>
      )}
    </section>
  );
}
