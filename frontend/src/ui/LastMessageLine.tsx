/** The second line of a conversation's row: a draft, else what was said last and by whom. */
import { useMe, ownerKey } from "@/api/session";
import type { Conversation } from "@/api/types";
import { cx } from "@/lib/cx";
import { describeLastMessage } from "@/lib/describe-last-message";
import { useDraft } from "@/lib/drafts";
import { Tag } from "@/ui/bits";

export function LastMessageLine({ conversation }: { conversation: Conversation }) {
  const me = useMe();
  const [draft] = useDraft(ownerKey(me), conversation.id);
  const { failure, author, text } = describeLastMessage(conversation.last_message, me.staff_member?.id);
  const unread = conversation.status === "unread";
  const drafted = draft.trim() !== "";
  return (
    <span dir="auto" className={cx("truncate text-left", unread ? "font-heading text-ink" : "text-ink-2")}>
      <bdi>
        {conversation.opted_out && (
          <Tag tone="bad" className="mr-1.5">
            Opted out
          </Tag>
        )}
        {failure && <span className="font-strong text-red">{failure}: </span>}
        {drafted && <span className="font-strong text-amber">Draft: </span>}
        {!drafted && author && `${author}: `}
      </bdi>
      {drafted ? draft.trim() : text}
    </span>
  );
}
