/** The top of the details pane: who has the conversation, until when it is deferred, and what leaves later. */
import { useQuery } from "@tanstack/react-query";

import { useFormats } from "@/api/format";
import { scheduledQuery } from "@/api/scheduled";
import { useMe } from "@/api/session";
import type { ConversationDetail, ScheduledText } from "@/api/types";
import { nameIntegration } from "@/lib/text";
import { Avatar, Tag } from "@/ui/bits";
import { ClockIcon } from "@/ui/icons";

/** `isOpened`: the thread is loaded, so that this may load too. */
export function TeamState({ conversation, isOpened }: { conversation: ConversationDetail; isOpened: boolean }) {
  const { assignee, reminder, line } = conversation;
  const me = useMe().staff_member;
  return (
    <section aria-label="Who has it and what is planned" className="space-y-2">
      <p className="flex items-center gap-2.5">
        {assignee ? (
          <>
            <Avatar name={assignee.name} size="sm" />
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {assignee.id === me?.id ? <b className="font-strong">You have it</b> : <><b className="font-strong"><bdi>{assignee.name}</bdi></b> has it</>}
            </span>
          </>
        ) : (
          <span className="text-ink-2">Nobody has it yet.</span>
        )}
      </p>
      <p className="text-note text-ink-2">
        On the line <bdi className="text-ink">{line.label}</bdi>
      </p>
      {reminder && <Reminder reminder={reminder} />}
      <Scheduled conversation={conversation} isOpened={isOpened} />
    </section>
  );
}

function Reminder({ reminder: { at, due, set_by, unless_answered } }: { reminder: NonNullable<ConversationDetail["reminder"]> }) {
  const { dateTime } = useFormats();
  return (
    <p className="flex gap-2 rounded-lg bg-sunken px-3 py-2 text-note">
      <span className="mt-px text-ink-3">
        <ClockIcon size={16} />
      </span>
      <span>
        {due ? <Tag tone="warn">Due</Tag> : "Later, until"} <b className="font-strong tabular">{dateTime(at)}</b>
        {unless_answered && !due && ", if nobody answers by then"}
        {set_by && <span className="block text-ink-2">Set by {set_by.name}</span>}
      </span>
    </p>
  );
}

function Scheduled({ conversation, isOpened }: { conversation: ConversationDetail; isOpened: boolean }) {
  const { data } = useQuery({ ...scheduledQuery(conversation.id), enabled: isOpened });
  if (!data || data.items.length === 0) return null;
  return (
    <div className="pt-2.5">
      <h3 className="mb-2 text-meta font-semibold text-ink-2">Leaves later</h3>
      <ul className="space-y-2">
        {data.items.map((text) => (
          <ScheduledItem key={text.id} text={text} />
        ))}
      </ul>
    </div>
  );
}

function ScheduledItem({ text }: { text: ScheduledText }) {
  const { moment } = useFormats();
  const by = text.scheduled_by.kind === "api_key" ? nameIntegration(text.scheduled_by.name) : text.scheduled_by.name;
  return (
    <li className="rounded-lg border border-line px-3 py-2.5 text-note">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <b className="font-strong tabular">{moment(text.send_at)}</b>
        {text.held && <Tag tone="bad">Held back</Tag>}
      </p>
      <p dir="auto" className="mt-0.5 line-clamp-4 whitespace-pre-wrap [overflow-wrap:anywhere]">{text.body || "Picture"}</p>
      {(text.held ?? text.will_be_held_back) && (
        <p className="mt-1 text-red">{text.held?.reason ?? "A text has come in since: this one will be held back."}</p>
      )}
      <p className="mt-1 text-ink-2">By {by}{text.close && ", closes the conversation"}</p>
    </li>
  );
}
