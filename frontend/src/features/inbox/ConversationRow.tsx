import { Link } from "@tanstack/react-router";
import { memo } from "react";

import { describeWho } from "./describe-row";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { Conversation } from "@/api/types";
import { focusComposerOnClick } from "@/lib/composer-focus";
import { cx } from "@/lib/cx";
import { keepFilter } from "@/lib/inbox-search";
import { firstName, listNames, plural } from "@/lib/text";
import { Avatar, CountBadge, PresenceDot } from "@/ui/bits";
import { LastMessageLine } from "@/ui/LastMessageLine";
import { ROW_TIME, rowLook } from "@/ui/look";

interface ConversationRowProps {
  conversation: Conversation;
  selected: boolean;
}

export const ConversationRow = memo(function ConversationRow({ conversation, selected }: ConversationRowProps) {
  const me = useMe();
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  const unread = conversation.status === "unread";
  const others = conversation.viewers.filter((viewer) => viewer.staff_member_id !== me.staff_member?.id);

  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={keepFilter}
      onClick={(event) => focusComposerOnClick(conversation.id, event)}
      aria-current={selected ? "true" : undefined}
      className={cx("grid-cols-[36px_minmax(0,1fr)_auto]", rowLook(selected))}
    >
      <Avatar name={avatarName} className={cx("row-span-2 self-center", selected && "!bg-surface")} />
      <span className={cx("truncate", unread ? "font-heading" : "font-strong")}>
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={conversation.last_message_at} title={full(conversation.last_message_at)} className={ROW_TIME}>
        {brief(conversation.last_message_at)}
      </time>
      <LastMessageLine conversation={conversation} />
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
