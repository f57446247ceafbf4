import { Link } from "@tanstack/react-router";
import { memo } from "react";

import { describeRow } from "./describe-row";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { Conversation, ConversationStatus } from "@/api/types";
import { cx } from "@/lib/cx";
import { firstName, listNames, plural } from "@/lib/text";
import { Avatar, CountBadge, PresenceDot, Tag } from "@/ui/bits";

interface ConversationRowProps {
  conversation: Conversation;
  status: ConversationStatus | undefined;
  selected: boolean;
}

export const ConversationRow = memo(function ConversationRow({ conversation, status, selected }: ConversationRowProps) {
  const me = useMe();
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName, preview, failure } = describeRow(conversation, phone);
  const unread = conversation.status === "unread";
  const others = conversation.viewers.filter((viewer) => viewer.staff_member_id !== me.staff_member?.id);

  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={status ? { status } : {}}
      aria-current={selected ? "true" : undefined}
      className={cx(
        "grid grid-cols-[36px_minmax(0,1fr)_auto] gap-x-2.5 rounded-lg p-2.5 transition-colors -outline-offset-2",
        selected ? "bg-accent-soft" : "hover:bg-sunken",
      )}
    >
      <Avatar name={avatarName} className={cx("row-span-2 self-center", selected && "!bg-surface")} />
      <span className={cx("truncate", unread ? "font-heading" : "font-strong")}>
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={conversation.last_message_at} title={full(conversation.last_message_at)} className="text-right text-meta leading-5 text-ink-3 tabular">
        {brief(conversation.last_message_at)}
      </time>
      <span dir="auto" className={cx("truncate text-left", unread ? "font-heading text-ink" : "text-ink-2")}>
        <bdi>
          {conversation.opted_out && (
            <Tag tone="bad" className="mr-1.5">
              Opted out
            </Tag>
          )}
          {failure && <span className="font-strong text-red">{failure}: </span>}
        </bdi>
        {preview}
      </span>
      <span className="flex items-center justify-end gap-1.5">
        {others.length > 0 && (
          <span
            className="flex max-w-24 items-center gap-1.5 text-meta text-ink-2"
            title={`${listNames(others.map((viewer) => viewer.name))} ${others.length === 1 ? "is" : "are"} viewing this`}
          >
            <PresenceDot />
            <span className="sr-only">Viewing now: </span>
            <span className="truncate">
              {others.length === 1 && others[0] ? firstName(others[0].name) : `${others.length} viewing`}
            </span>
          </span>
        )}
        {unread && (
          <>
            <CountBadge count={conversation.unread_messages} tone="red" />
            <span className="sr-only">{plural(conversation.unread_messages, "unread message")}</span>
          </>
        )}
      </span>
    </Link>
  );
});
