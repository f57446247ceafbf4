import { Link } from "@tanstack/react-router";
import { memo } from "react";

import { describeWho } from "./describe-row";
import { frameHit } from "./frame-hit";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { NoteSearchResult, SearchResult } from "@/api/types";
import { focusComposerOnClick } from "@/lib/composer-focus";
import { cx } from "@/lib/cx";
import { describeAuthor } from "@/lib/describe-last-message";
import { atEntry, atMessage } from "@/lib/inbox-search";
import { Avatar } from "@/ui/bits";
import { ROW_TIME, rowLook } from "@/ui/look";

interface SearchResultRowProps {
  result: SearchResult;
  selected: boolean;
}

export const SearchResultRow = memo(function SearchResultRow({ result, selected }: SearchResultRowProps) {
  const { message, conversation } = result;
  const snippet = frameHit(result.snippet);
  const me = useMe();
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  const author = describeAuthor(message, me.staff_member?.id);

  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={atMessage(message.seq)}
      onClick={(event) => focusComposerOnClick(conversation.id, event)}
      aria-current={selected ? "true" : undefined}
      className={cx("grid-cols-[36px_minmax(0,1fr)_auto]", rowLook(selected))}
    >
      <Avatar name={avatarName} className={cx("row-span-2", selected && "!bg-surface")} />
      <span className="truncate font-strong">
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={message.created_at} title={full(message.created_at)} className={ROW_TIME}>
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

/** A note that was found: it looks like paper, as in the thread, and opens its conversation. */
export const NoteResultRow = memo(function NoteResultRow({ result, selected }: { result: NoteSearchResult; selected: boolean }) {
  const { note, conversation } = result;
  const snippet = frameHit(result.snippet);
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={atEntry(note.id)}
      onClick={(event) => focusComposerOnClick(conversation.id, event)}
      aria-current={selected ? "true" : undefined}
      className={cx("grid-cols-[36px_minmax(0,1fr)_auto]", rowLook(selected))}
    >
      <Avatar name={avatarName} className={cx("row-span-2", selected && "!bg-surface")} />
      <span className="truncate font-strong">
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={note.created_at} title={full(note.created_at)} className={ROW_TIME}>
        {brief(note.created_at)}
      </time>
      <span dir="auto" className="col-span-2 line-clamp-3 rounded-sm bg-amber-soft px-1.5 text-left [overflow-wrap:anywhere] text-ink-2">
        <bdi>Note by {note.author.name}: </bdi>
        {snippet.cut_before && "… "}
        <Marked text={snippet.text} highlights={snippet.highlights} />
        {snippet.cut_after && " …"}
      </span>
    </Link>
  );
});

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
