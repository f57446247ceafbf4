import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useFormats } from "@/api/format";
import { mentionListQuery, useReadMentions } from "@/api/mentions";
import { describeError } from "@/api/problem";
import type { Mention } from "@/api/types";
import { cx } from "@/lib/cx";
import { atEntry } from "@/lib/inbox-search";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { BellIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export default function MentionList({ onClose }: { onClose: () => void }) {
  const { data, error, isError, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(mentionListQuery);
  const read = useReadMentions();
  const mentions = data?.pages.flatMap((page) => page.items) ?? [];
  const unread = mentions.filter((mention) => mention.read_at === null).map(({ id }) => id);
  const markRead = (ids: string[]) =>
    read.mutate({ mention_ids: ids }, { onError: (problem) => showToast(`Not marked as read. ${describeError(problem)}`) });

  return (
    <Dialog kind="sheet" open onOpenChange={(open) => !open && onClose()} title="Mentions" description="Notes in which a colleague names you.">
      {isPending && <Skeleton className="h-24 w-full" />}
      {isError && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data && mentions.length === 0 && (
        <EmptyState icon={<BellIcon />} title="Nobody has mentioned you yet">
          When a colleague writes @ and your name in a note, it is listed here.
        </EmptyState>
      )}
      <ul className="space-y-1">
        {mentions.map((mention) => (
          <li key={mention.id}>
            <MentionLink
              mention={mention}
              onOpen={() => {
                if (mention.read_at === null) markRead([mention.id]);
                onClose();
              }}
            />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show earlier
        </Button>
      )}
      {unread.length > 0 && (
        <DialogFoot>
          <Button disabled={read.isPending} onClick={() => markRead(unread.slice(0, 200))}>
            Mark all as read
          </Button>
        </DialogFoot>
      )}
    </Dialog>
  );
}

function MentionLink({ mention: { note, read_at, created_at }, onOpen }: { mention: Mention; onOpen: () => void }) {
  const { brief, full } = useFormats();
  const isUnread = read_at === null;
  return (
    <Link
      to="/messenger/$conversationId"
      params={{ conversationId: note.conversation_id }}
      search={atEntry(note.id)}
      onClick={onOpen}
      className={cx("block rounded-lg border-l-4 px-3 py-2.5 hover:bg-sunken", isUnread ? "border-amber bg-amber-soft" : "border-line")}
    >
      <span className="flex items-baseline gap-2">
        <b className={isUnread ? "font-heading" : "font-strong"}>{note.author.name}</b>
        {isUnread && <span className="sr-only">, unread</span>}
        <time dateTime={created_at} title={full(created_at)} className="ml-auto shrink-0 text-meta text-ink-2 tabular">
          {brief(created_at)}
        </time>
      </span>
      <span dir="auto" className="line-clamp-3 text-ink-2 [overflow-wrap:anywhere]">
        {note.removed ? "This note was removed." : note.erased_at ? "This note was erased." : note.body}
      </span>
    </Link>
  );
}
