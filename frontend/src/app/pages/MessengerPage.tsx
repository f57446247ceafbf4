import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, useCallback, useEffect, useRef } from "react";

import { ConversationView, preloadConversationViewWhenIdle } from "./conversation-view";
import { PagePending } from "../shell/fallbacks";
import { indicatorQuery } from "@/api/indicator";
import { may, useMe } from "@/api/session";
import { InboxPane, type InboxHandle } from "@/features/inbox/InboxPane";
import { cx } from "@/lib/cx";
import { atNewest, keepFilter, withFilter } from "@/lib/inbox-search";
import { DESK, useMedia } from "@/lib/media";
import { LockIcon, MessengerIcon } from "@/ui/icons";
import { EmptyState } from "@/ui/states";

/** The inbox. List and thread stand side by side from 760 px on; a narrower screen shows one of them. */
export function MessengerPage() {
  const me = useMe();
  if (!may(me, "sms_logs")) {
    return (
      <main className="grid h-full place-items-center">
        <EmptyState icon={<LockIcon />} title="The Messenger is not open to you">
          Reading conversations needs the SMS Logs permission. An administrator can give it to you.
        </EmptyState>
      </main>
    );
  }
  return <Messenger />;
}

function Messenger() {
  const { seq, entry, to: textTo, ...filter } = useSearch({ from: "/signed-in/messenger" });
  const { conversationId } = useParams({ strict: false });
  const { data: indicator } = useQuery(indicatorQuery);
  const navigate = useNavigate();
  const desk = useMedia(DESK);
  const inbox = useRef<InboxHandle>(null);
  const search = useCallback(
    (words: string) => void navigate({ to: ".", search: withFilter({ q: words || undefined, ...(!words && { notes: undefined }) }), replace: true }),
    [navigate],
  );
  useEffect(preloadConversationViewWhenIdle, []);
  const showNewest = () => void navigate({ to: ".", search: atNewest, replace: true });

  return (
    <main className="grid h-full min-h-0 grid-cols-1 grid-rows-[minmax(0,1fr)] desk:grid-cols-[300px_minmax(0,1fr)] roomy:grid-cols-[344px_minmax(0,1fr)]">
      <InboxPane
        ref={inbox}
        filter={filter}
        textTo={textTo}
        onSearch={search}
        selectedId={conversationId}
        selectedSeq={seq}
        className={cx("flex min-h-0 min-w-0 flex-col border-line bg-surface desk:border-r", conversationId && "max-desk:hidden")}
      />
      {conversationId ? (
        <Suspense fallback={<PagePending />}>
          <ConversationView
            conversationId={conversationId}
            around={entry ?? seq}
            onShowNewest={showNewest}
            unreadElsewhere={indicator?.unread_messages ?? 0}
            onClosedByKey={() => inbox.current?.openAfter(conversationId)}
            {...(!desk && { onBack: () => void navigate({ to: "/messenger", search: keepFilter }) })}
          />
        </Suspense>
      ) : (
        <div className="hidden place-items-center desk:grid">
          <EmptyState icon={<MessengerIcon />} title="Choose a conversation">
            Open one from the list, or press j to walk through it.
          </EmptyState>
        </div>
      )}
    </main>
  );
}
