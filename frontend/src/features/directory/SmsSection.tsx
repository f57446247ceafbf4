/** All conversations of all numbers of a record, each opening in place (REACH-FAMILY, REACH-STAFF). */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { conversationListQuery } from "@/api/conversations";
import { useFormats } from "@/api/format";
import type { Conversation } from "@/api/types";
import { focusComposerOnClick } from "@/lib/composer-focus";
import { cx } from "@/lib/cx";
import { LIST_SCOPE } from "@/lib/shortcuts";
import { plural } from "@/lib/text";
import { CountBadge, Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { MessengerIcon } from "@/ui/icons";
import { LastMessageLine } from "@/ui/LastMessageLine";
import { ROW_TIME, rowLook } from "@/ui/look";
import { EmptyState, ErrorState } from "@/ui/states";

interface SmsSectionProps {
  /** "SMS" on a family, "SMS Logs" on a staff member. */
  title: string;
  /** The record's numbers with their opt-in. */
  optIn: ReactNode;
  filter: { familyId: string } | { staffMemberId: string };
  selectedId: string | undefined;
  renderConversation: (conversationId: string, onBack: () => void) => ReactNode;
}

export function SmsSection({ title, optIn, filter, selectedId, renderConversation }: SmsSectionProps) {
  const { data, error, isError, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    conversationListQuery(filter),
  );
  const navigate = useNavigate();
  const conversations = data?.pages.flatMap((page) => page.items) ?? [];
  const goBack = () => void navigate({ to: ".", search: { tab: "communication" } });

  return (
    <section aria-label={title} className="grid h-full min-h-0 grid-cols-1 grid-rows-[minmax(0,1fr)] roomy:grid-cols-[300px_minmax(0,1fr)]">
      <div {...LIST_SCOPE} className={cx("min-h-0 overflow-y-auto border-line p-2 roomy:border-r", selectedId && "max-roomy:hidden")}>
        <h2 className="px-2.5 pt-2 pb-2 text-meta font-semibold text-ink-2">Opt-in</h2>
        <div className="px-2.5 pb-3">{optIn}</div>
        <h2 className="border-t border-line px-2.5 pt-3 pb-2 text-meta font-semibold text-ink-2">{title}</h2>
        {isPending && <Skeleton className="m-2.5 h-12" />}
        {isError && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data && conversations.length === 0 && (
          <EmptyState icon={<MessengerIcon />} title="No conversations">
            None of the numbers on this record has texted with you.
          </EmptyState>
        )}
        <ul>
          {conversations.map((conversation) => (
            <li key={conversation.id}>
              <Row conversation={conversation} selected={conversation.id === selectedId} />
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <Button size="sm" className="m-2.5" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        )}
      </div>
      {selectedId ? (
        <div className="min-h-0 bg-bg">{renderConversation(selectedId, goBack)}</div>
      ) : (
        conversations.length > 0 && (
          <div className="hidden place-items-center bg-bg roomy:grid">
            <EmptyState icon={<MessengerIcon />} title="Choose a conversation" />
          </div>
        )
      )}
    </section>
  );
}

function Row({ conversation, selected }: { conversation: Conversation; selected: boolean }) {
  const { brief, full, phone } = useFormats();
  const { status, unread_messages, phone_number, last_message_at } = conversation;
  const unread = status === "unread";
  return (
    <Link
      to="."
      search={{ tab: "communication", conversation: conversation.id }}
      aria-current={selected ? "true" : undefined}
      onClick={(event) => focusComposerOnClick(conversation.id, event)}
      className={cx("grid-cols-[minmax(0,1fr)_auto]", rowLook(selected))}
    >
      <span className="flex items-center gap-2">
        <span className={cx("truncate tabular", unread ? "font-heading" : "font-strong")}>{phone(phone_number)}</span>
        <Tag tone={unread ? "bad" : "neutral"} className={cx("capitalize", selected && !unread && "!bg-surface")}>
          {status}
        </Tag>
      </span>
      <time dateTime={last_message_at} title={full(last_message_at)} className={ROW_TIME}>
        {brief(last_message_at)}
      </time>
      <LastMessageLine conversation={conversation} />
      {unread && (
        <span className="self-center justify-self-end">
          <CountBadge count={unread_messages} tone="red" />
          <span className="sr-only">{plural(unread_messages, "unread message")}</span>
        </span>
      )}
    </Link>
  );
}
