import { Link } from "@tanstack/react-router";
import { memo, useRef, type MouseEvent, type PointerEvent } from "react";

import { describeMarks } from "./describe-marks";
import { describeWho } from "./describe-row";
import { useFormats } from "@/api/format";
import { usePendingCounts } from "@/api/outbox-context";
import { useMe } from "@/api/session";
import type { Conversation } from "@/api/types";
import { useNow } from "@/lib/clock";
import { focusComposerOnClick } from "@/lib/composer-focus";
import { cx } from "@/lib/cx";
import { keepFilter } from "@/lib/inbox-search";
import { COARSE } from "@/lib/media";
import { firstName, listNames, plural } from "@/lib/text";
import { Avatar, CountBadge, NotSentBadge, PresenceDot } from "@/ui/bits";
import { LastMessageLine } from "@/ui/LastMessageLine";
import { TestTag } from "@/ui/TestTag";
import { ROW_TIME, rowLook } from "@/ui/look";

interface ConversationRowProps {
  conversation: Conversation;
  selected: boolean;
  namesLine: boolean;
  /** Selected for an act on several. */
  checked: boolean;
  /** Some row is. */
  selecting: boolean;
  onToggle: (id: string, range: boolean) => void;
}

export const ConversationRow = memo(function ConversationRow({ conversation, selected, namesLine, checked, selecting, onToggle }: ConversationRowProps) {
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  const unread = conversation.status === "unread";
  const press = useLongPress(() => onToggle(conversation.id, false));

  return (
    <div className="group/row relative" data-conversation={conversation.id}>
      <Link
        to="/messenger/$conversationId"
        params={{ conversationId: conversation.id }}
        search={keepFilter}
        {...press.handlers}
        onClick={(event) => {
          if (press.ends(event)) return;
          if (selecting && window.matchMedia(COARSE).matches) {
            event.preventDefault();
            onToggle(conversation.id, false);
          } else {
            focusComposerOnClick(conversation.id, event);
          }
        }}
        aria-current={selected ? "true" : undefined}
        className={cx("grid-cols-[36px_minmax(0,1fr)_auto] [-webkit-touch-callout:none]", rowLook(selected), checked && !selected && "bg-sunken")}
      >
        <Avatar name={avatarName} className={cx("row-span-2 self-center", selected && "!bg-surface")} />
        <span className={cx("truncate", unread ? "font-heading" : "font-strong")}>
          <bdi>{name}</bdi>
          {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
          {conversation.line.sandbox && <TestTag className="ml-1.5" />}
        </span>
        <time dateTime={conversation.last_message_at} title={full(conversation.last_message_at)} className={ROW_TIME}>
          {brief(conversation.last_message_at)}
        </time>
        <LastMessageLine conversation={conversation} />
        <RowBadges conversation={conversation} />
        <RowMarks conversation={conversation} namesLine={namesLine} />
      </Link>
      <label
        className={cx(
          "absolute top-[11px] left-2.5 grid size-9 cursor-pointer place-items-center rounded-full bg-surface opacity-0 group-hover/row:opacity-100 focus-within:opacity-100 has-focus-visible:outline-2 has-focus-visible:outline-accent [@media(hover:none)]:hidden",
          selecting && "opacity-100 [@media(hover:none)]:grid",
        )}
      >
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          // The key x selects the row that has the focus.
          tabIndex={selecting ? 0 : -1}
          checked={checked}
          onChange={(event) => onToggle(conversation.id, event.nativeEvent instanceof window.MouseEvent && event.nativeEvent.shiftKey)}
          className="size-[18px] accent-accent outline-none"
        />
      </label>
    </div>
  );
});

/** Who looks at it, what was not sent, what is unread, and who has it. */
function RowBadges({ conversation }: { conversation: Conversation }) {
  const me = useMe();
  const { status, viewers, unread_messages, assignee } = conversation;
  const refused = usePendingCounts().get(conversation.id)?.refused ?? 0;
  const notSent = conversation.not_sent + refused;
  const others = viewers.filter((viewer) => viewer.staff_member_id !== me.staff_member?.id);
  return (
    <span className="flex items-center justify-end gap-1.5">
      {others.length > 0 && (
        <span
          className="flex max-w-24 items-center gap-1.5 text-meta text-ink-2"
          title={`${listNames(others.map((viewer) => viewer.name))} ${others.length === 1 ? "is" : "are"} viewing this`}
        >
          <PresenceDot />
          <span className="sr-only">Viewing now: </span>
          <span className="truncate">{others.length === 1 && others[0] ? firstName(others[0].name) : `${others.length} viewing`}</span>
        </span>
      )}
      {notSent > 0 && (
        <span title={`${plural(notSent, "text")} not sent`}>
          <NotSentBadge count={notSent} />
          <span className="sr-only">{plural(notSent, "text")} not sent</span>
        </span>
      )}
      {status === "unread" && (
        <>
          <CountBadge count={unread_messages} tone="red" />
          <span className="sr-only">{plural(unread_messages, "unread message")}</span>
        </>
      )}
      {assignee && (
        <span title={assignee.id === me.staff_member?.id ? "You have it" : `${assignee.name} has it`}>
          <Avatar name={assignee.name} className={cx("!size-6 !text-meta tracking-tight", assignee.id === me.staff_member?.id ? "!bg-accent !text-accent-ink" : "border border-edge")} />
          <span className="sr-only">{assignee.id === me.staff_member?.id ? "Yours" : `Assigned to ${assignee.name}`}</span>
        </span>
      )}
    </span>
  );
}

function RowMarks({ conversation, namesLine }: { conversation: Conversation; namesLine: boolean }) {
  const formats = useFormats();
  const now = useNow();
  const waitingTexts = usePendingCounts().get(conversation.id)?.waiting ?? 0;
  const marks = describeMarks(conversation, { now, formats, namesLine, waitingTexts });
  if (marks.length === 0) return null;
  return (
    // A dot stands before each; those at the start of a line are outside.
    <span className="col-start-2 col-end-4 min-w-0 overflow-hidden text-meta text-ink-3">
      <span className="-ml-3.5 flex flex-wrap">
        {marks.map(({ text, tone }) => (
          <span key={text} className="relative max-w-full truncate pl-3.5 before:absolute before:left-[5px] before:content-['·']">
            <span className={cx(tone === "warn" && "font-strong text-amber")}>{text}</span>
          </span>
        ))}
      </span>
    </span>
  );
}

const PRESS_MS = 450;
const MOVED_PX = 10;

/** A finger that rests on a row selects it. The click that follows does not open it. */
function useLongPress(act: () => void) {
  const state = useRef<{ timer: ReturnType<typeof setTimeout> | undefined; x: number; y: number; done: boolean }>({ timer: undefined, x: 0, y: 0, done: false });
  const cancel = () => clearTimeout(state.current.timer);
  return {
    handlers: {
      onPointerDown: (event: PointerEvent) => {
        cancel();
        state.current.done = false;
        if (event.pointerType !== "touch") return;
        Object.assign(state.current, { x: event.clientX, y: event.clientY });
        state.current.timer = setTimeout(() => {
          state.current.done = true;
          act();
        }, PRESS_MS);
      },
      onPointerMove: ({ clientX, clientY }: PointerEvent) => {
        if (Math.hypot(clientX - state.current.x, clientY - state.current.y) > MOVED_PX) cancel();
      },
      onPointerUp: cancel,
      onPointerCancel: cancel,
      onContextMenu: (event: MouseEvent) => {
        if (state.current.done) event.preventDefault();
      },
    },
    /** Whether the click ends a long press: then it opens nothing. */
    ends: (event: MouseEvent): boolean => {
      if (!state.current.done) return false;
      state.current.done = false;
      event.preventDefault();
      return true;
    },
  };
}
