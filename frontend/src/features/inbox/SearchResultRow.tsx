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
  const { message, conversation, snippet } = result;
  const me = useMe();
  return (
    <ResultRow
      conversation={conversation}
      selected={selected}
      opens={atMessage(message.seq)}
      at={message.created_at}
      author={describeAuthor(message, me.staff_member?.id)}
      snippet={snippet}
    />
  );
});

/** A note that was found: it looks like paper, as in the thread, and opens its conversation. */
export const NoteResultRow = memo(function NoteResultRow({ result, selected }: { result: NoteSearchResult; selected: boolean }) {
  const { note, conversation, snippet } = result;
  return (
    <ResultRow
      conversation={conversation}
      selected={selected}
      opens={atEntry(note.id)}
      at={note.created_at}
      author={`Note by ${note.author.name}`}
      snippet={snippet}
      className="rounded-sm bg-amber-soft px-1.5"
    />
  );
});

interface ResultRowProps {
  conversation: SearchResult["conversation"]  ;
  selected: boolean;
  /** Where in the thread it opens. */
  opens: ReturnType<typeof atMessage>  ;
  at: string;
  author: string | null;
  snippet: SearchResult["snippet"];
  /** Of the snippet. */
  className?: string;
}

function ResultRow({ conversation, selected, opens, at, author, snippet, className }: ResultRowProps) {
  const { brief, full, phone } = useFormats();
  const { name, aside, avatarName } = describeWho(conversation, phone);
  const { text, highlights, cut_before, cut_after } = frameHit(snippet);

  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: conversation.id }}
      search={opens}
      onClick={(event) => focusComposerOnClick(conversation.id, event)}
      aria-current={selected ? "true" : undefined}
      className={cx("grid-cols-[36px_minmax(0,1fr)_auto]", rowLook(selected))}
    >
      <Avatar name={avatarName} className={cx("row-span-2", selected && "!bg-surface")} />
      <span className="truncate font-strong">
        <bdi>{name}</bdi>
        {aside && <span className="font-normal text-ink-2"> · {aside}</span>}
      </span>
      <time dateTime={at} title={full(at)} className={ROW_TIME}>
        {brief(at)}
      </time>
      <span dir="auto" className={cx("col-span-2 line-clamp-3 text-left [overflow-wrap:anywhere] text-ink-2", className)}>
        {author && <bdi>{author}: </bdi>}
        {cut_before && "… "}
        <Marked text={text} highlights={highlights} />
        {cut_after && " …"}
      </span>
    </Link>
  );
}

/** The ranges count UTF-16 code units, as strings do here. */
function Marked({ text, highlights }: Pick<SearchResult["snippet"], "text" | "highlights">) {
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
