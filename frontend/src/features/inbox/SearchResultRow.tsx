import { Link } from "@tanstack/react-router";
import { memo } from "react";

import { describeWho } from "./describe-row";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { ConversationStatus, Message, SearchResult } from "@/api/types";
import { cx } from "@/lib/cx";
import { firstName } from "@/lib/text";
import { Avatar } from "@/ui/bits";

interface SearchResultRowProps {
  result: SearchResult;
  q: string;
  status: ConversationStatus | undefined;
  selected: boolean;
}

export const SearchResultRow = memo(function SearchResultRow({ result, q, status, selected }: SearchResultRowProps) {
  const { message, conversation, snippet } = result;
  const me = useMe();
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  const author = describeAuthor(message, me.staff_member?.id);

  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={{ q, seq: message.seq, ...(status && { status }) }}
      aria-current={selected ? "true" : undefined}
      className={cx(
        "grid grid-cols-[36px_minmax(0,1fr)_auto] gap-x-2.5 rounded-lg p-2.5 transition-colors -outline-offset-2",
        selected ? "bg-accent-soft" : "hover:bg-sunken",
      )}
    >
      <Avatar name={avatarName} className={cx("row-span-2", selected && "!bg-surface")} />
      <span className="truncate font-strong">
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={message.created_at} title={full(message.created_at)} className="text-right text-meta leading-5 text-ink-3 tabular">
        {brief(message.created_at)}
      </time>
      <span dir="auto" className="col-span-2 line-clamp-3 text-left [overflow-wrap:anywhere] text-ink-2">
        {author && <bdi>{author}: </bdi>}
        {snippet.cut_before && "… "}
        <Marked text={snippet.text} highlights={snippet.highlights} />
        {snippet.cut_after && " …"}
      </span>
    </Link>
  );
});

function describeAuthor(message: Message, myId: string | undefined): string | null {
  if (message.direction === "inbound") return null;
  if (!message.sent_by) return "Automatic";
  return message.sent_by.id === myId ? "You" : firstName(message.sent_by.name);
}

/** The ranges count UTF-16 code units, as strings do here. */
function Marked({ text, highlights }: SearchResult["snippet"] | { text: string; highlights: SearchResult["highlights"] }) {
  const before = [0, ...highlights.map((highlight) => highlight.end)];
  return (
    <>
      {before.map((from, index) => {
        const highlight = highlights[index];
        return (
          <span key={from}>
            {text.slice(from, highlight?.start)}
            {highlight && <mark className="rounded-xs bg-mark text-ink">{text.slice(highlight.start, highlight.end)}</mark>}
          </span>
        );
      })}
    </>
  );
}
