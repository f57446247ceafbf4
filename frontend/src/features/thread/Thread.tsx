import { lazy, startTransition, Suspense, useEffect, useMemo, useRef, useState, type RefObject } from "react";

import { CloseControl } from "./CloseControl";
import { Composer } from "./Composer";
import { JumpToNewest } from "./JumpToNewest";
import { MessageBubble } from "./MessageBubble";
import { PendingAct } from "./PendingAct";
import { PendingBubble } from "./PendingBubble";
import { StopRequest } from "./StopRequest";
import { TapbackOr } from "./TapbackLine";
import { matchTapbacks, type Tapbacks } from "./tapbacks";
import { NoteCard } from "./notes/NoteCard";
import { ComposerModes } from "./notes/ComposerModes";
import { useShownMentions } from "./notes/useShownMentions";
import type { ThreadTarget } from "./thread-scroll";
import { layOutThread, scheduledTexts, type ThreadRow } from "./thread-rows";
import { DayLine, NewLine, SystemLine } from "./ThreadLines";
import { ThreadHeader } from "./ThreadHeader";
import { TeamControls } from "./TeamControls";
import { ThreadLoading } from "./ThreadLoading";
import { TypingLine } from "./TypingLine";
import { useNewMark } from "./useNewMark";
import { useThread } from "./useThread";
import { useThreadScroll } from "./useThreadScroll";
import { useViewing } from "./useViewing";
import { useFormats } from "@/api/format";
import { isPendingText } from "@/api/outbox-items";
import { isMissing } from "@/api/problem";
import { may, useMe } from "@/api/session";
import type { Anchor } from "@/api/thread";
import type { ConversationDetail, Message } from "@/api/types";
import { THREAD_SCOPE, useShortcuts } from "@/lib/shortcuts";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ActionLink, EmptyState, ErrorState } from "@/ui/states";
import { ToastSlot } from "@/ui/Toast";

const ScheduledCard = lazy(() => import("./ScheduledCard"));

interface ThreadProps {
  conversationId: string;
  /** The `seq` of the message, or the id of the entry, at which it opens. */
  around: Anchor | null;
  onShowNewest?: () => void;
  unreadElsewhere: number;
  onBack?: () => void;
  onShowDetails?: () => void;
  onClosedByKey?: () => void;
  /** No list of conversations stands beside it: messages about what happened are shown here. */
  showsToasts: boolean;
}

export function Thread({ conversationId, around, onShowNewest, unreadElsewhere, onBack, onShowDetails, onClosedByKey, showsToasts }: ThreadProps) {
  const { conversation, shown, thread, messages, entries, pending, seenBefore } = useThread(conversationId, around);
  const { dayKey } = useFormats();
  const me = useMe();
  const maySend = may(me, "mass_text") && (conversation.data?.opt_in_check.allowed ?? false);
  const scroller = useRef<HTMLDivElement>(null);

  const { isSuccess, hasNewer, loadOlder, loadNewer } = thread;
  const settled = seenBefore !== undefined;
  const opensAtNew = seenBefore !== undefined && messages.some((message) => message.direction === "inbound" && message.seq > seenBefore);
  const showsAll = useNewestFirst();
  const target = useMemo((): ThreadTarget | null => {
    if (!settled) return null;
    if (around === null && !opensAtNew) return "newest";
    // Its row may be among the older ones.
    if (!showsAll) return null;
    return around === null ? "new" : { around };
  }, [settled, showsAll, around, opensAtNew]);

  const { atNewest, shownSeq, jumpToNewest, newAfter } = useReading({
    conversationId, scroller, target, seenBefore, messages, pending, entries, showsAll, hasNewer, loadOlder, loadNewer,
  });
  // The thread is open far up: load the newest page instead of all pages between.
  const toNewest = hasNewer && onShowNewest ? onShowNewest : jumpToNewest;

  useShortcuts({ newest: toNewest });
  useShownMentions(conversationId, me.staff_member?.id, entries, target !== null);

  const allRows = useMemo(
    () => layOutThread({ entries, newAfter, dayKey }),
    [entries, newAfter, dayKey],
  );
  const scheduled = useMemo(() => scheduledTexts(entries), [entries]);
  const rows = showsAll ? allRows : allRows.slice(-NEWEST_ROWS);
  const tapbacks = useMemo(() => matchTapbacks(messages), [messages]);
  const retryable = useMemo(() => (maySend ? findRetryable(messages) : new Set<string>()), [maySend, messages]);
  const lastFailed = useMemo(() => messages.findLast(isFailed)?.id, [messages]);
  const unseenBelow = messages.filter((message) => message.direction === "inbound" && message.seq > shownSeq).length;

  if (conversation.isError && !conversation.data) {
    return <NotOpened error={conversation.error} onRetry={() => void conversation.refetch()} onBack={onBack} />;
  }

  return (
    <section aria-label="Conversation" className="flex h-full min-h-0 min-w-0 flex-col" {...THREAD_SCOPE}>
      <ThreadHeader
        conversation={shown}
        unreadElsewhere={unreadElsewhere}
        {...(onBack && { onBack })}
        {...(onShowDetails && { onShowDetails })}
      >
        {conversation.data && (
          <>
            <TeamControls conversation={conversation.data} seenSeq={shownSeq} />
            <CloseControl conversation={conversation.data} seenSeq={shownSeq} onClosedByKey={onClosedByKey} />
          </>
        )}
      </ThreadHeader>
      {showsToasts && <ToastSlot rank="thread" />}
      <div className="relative min-h-0 flex-1">
        <div ref={scroller} className="h-full overflow-y-auto [overflow-anchor:none]">
          <div role="log" aria-label="Messages" aria-live="polite" aria-relevant="additions" className="flex min-h-full flex-col px-4 py-4 desk:px-5">
            {thread.isPending && <ThreadLoading />}
            {thread.isError && entries.length === 0 && <ErrorState error={thread.error} onRetry={() => void thread.refetch()} />}
            {thread.olderError && <ErrorState title="Older messages couldn't be loaded" error={thread.olderError} onRetry={thread.retryOlder} />}
            {thread.isLoadingOlder && (
              <div className="flex justify-center py-2 text-ink-3">
                <Spinner />
                <span className="sr-only">Loading older messages</span>
              </div>
            )}
            {isSuccess && rows.length === 0 && pending.length === 0 && scheduled.length === 0 && (
              <EmptyState title="No messages yet">Write the first one below.</EmptyState>
            )}
            {rows.map((row) => (
              <Row
                key={row.key}
                row={row}
                conversation={conversation.data}
                highlighted={isAt(row, around)}
                canRetry={row.kind === "message" && retryable.has(row.message.id)}
                notSent={row.kind === "message" && row.message.id === lastFailed ? (shown?.not_sent ?? 0) : 0}
                tapbacks={tapbacks}
              />
            ))}
            {pending.map((item) => (isPendingText(item) ? <PendingBubble key={item.key} text={item} /> : <PendingAct key={item.key} item={item} />))}
            {scheduled.length > 0 && (
              <Suspense fallback={null}>
                {scheduled.map((text) => (
                  <ScheduledCard key={text.id} text={text} messages={messages} seenSeq={shownSeq} />
                ))}
              </Suspense>
            )}
          </div>
        </div>
        <TypingLine conversationId={conversationId} />
        {!atNewest && <JumpToNewest unseen={unseenBelow} onJump={toNewest} />}
      </div>
      <ComposerModes conversationId={conversationId} onAdded={toNewest}>
        <Composer conversationId={conversationId} conversation={conversation.data} seenSeq={shownSeq} onSent={toNewest} />
      </ComposerModes>
    </section>
  );
}

/** The conversation could not be opened: why, and the ways on. */
function NotOpened({ error, onRetry, onBack }: { error: unknown; onRetry: () => void; onBack: (() => void) | undefined }) {
  const back = onBack ? <Button onClick={onBack}>Back to the list</Button> : <ActionLink to="/messenger">Show all conversations</ActionLink>;
  return (
    <section aria-label="Conversation" className="grid h-full place-items-center overflow-y-auto">
      {isMissing(error) ? (
        <EmptyState title="This conversation isn't here" action={back}>
          It may belong to another organization, or the address may be mistyped.
        </EmptyState>
      ) : (
        <ErrorState title="This conversation couldn't be opened" error={error} onRetry={onRetry} back={back} />
      )}
    </section>
  );
}

type ReadingInput = Pick<ReturnType<typeof useThread>, "messages" | "pending" | "entries"> & {
  conversationId: string;
  scroller: RefObject<HTMLDivElement | null>;
  target: ThreadTarget | null;
  seenBefore: number | undefined;
  showsAll: boolean;
  /** Whether messages after the last loaded one exist. */
  hasNewer: boolean;
  loadOlder: () => void;
  loadNewer: () => void;
};

/** The scroll position, the last seen message, and its report to the server. */
function useReading({ conversationId, scroller, target, seenBefore, messages, pending, entries, showsAll, hasNewer, loadOlder, loadNewer }: ReadingInput) {
  const content = useMemo(() => ({ messages, pending, entries, showsAll }), [messages, pending, entries, showsAll]);
  const scroll = useThreadScroll({ scroller, content, target, hasNewer, onNearStart: loadOlder, onNearEnd: loadNewer });
  const newAfter = useNewMark(seenBefore, scroll.shownSeq);
  useViewing(conversationId, { shownSeq: scroll.shownSeq, ready: target !== null && (scroll.shownSeq > 0 || messages.length === 0) });
  return { ...scroll, newAfter };
}

/** A screen of rows: the first paint of a long thread has no more. */
const NEWEST_ROWS = 40;

/** Whether all rows are shown: after the first paint. */
function useNewestFirst(): boolean {
  const [showsAll, setShowsAll] = useState(false);
  useEffect(() => startTransition(() => setShowsAll(true)), []);
  return showsAll;
}

const isFailed = ({ status, direction }: Message) => direction === "outbound" && ["failed", "undelivered", "unknown"].includes(status);

/** The failed messages that have not been sent again yet. */
function findRetryable(messages: readonly Message[]): Set<string> {
  const again = new Set(messages.map((message) => message.retry_of_message_id));
  const failed = messages.filter((message) => isFailed(message) && message.status !== "unknown");
  return new Set(failed.map((message) => message.id).filter((id) => !again.has(id)));
}

function isAt(row: ThreadRow, around: Anchor | null): boolean {
  return (row.kind === "message" && row.message.seq === around) || (row.kind === "note" && row.note.id === around);
}

interface RowProps {
  row: ThreadRow;
  conversation: ConversationDetail | undefined;
  highlighted: boolean;
  canRetry: boolean;
  /** At the last text that failed: how many of the conversation somebody has to see to. */
  notSent: number;
  tapbacks: Tapbacks;
}

function Row({ row, conversation, highlighted, canRetry, notSent, tapbacks }: RowProps) {
  switch (row.kind) {
    case "day":
      return <DayLine at={row.at} />;
    case "new":
      return <NewLine />;
    case "system":
      return <SystemLine entries={row.entries} />;
    case "note":
      return <NoteCard note={row.note} highlighted={highlighted} />;
    case "message":
      return (
        <>
          <TapbackOr message={row.message} tapback={highlighted ? undefined : tapbacks.folded.get(row.message.id)}>
            <MessageBubble
              message={row.message}
              continues={row.continues}
              ends={row.ends}
              highlighted={highlighted}
              canRetry={canRetry}
              notSent={notSent}
              reactions={tapbacks.on.get(row.message.id)?.join(" ") ?? ""}
            />
          </TapbackOr>
          {row.message.asks_to_stop && conversation && <StopRequest conversation={conversation} message={row.message} />}
        </>
      );
  }
}
