/** The saved replies of the business and one's own: to find, add, change and delete. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { savedReplyListQuery } from "@/api/saved-replies";
import { may, useMe } from "@/api/session";
import type { SavedReply } from "@/api/types";
import { plural } from "@/lib/text";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { LockIcon, PlusIcon, SearchIcon } from "@/ui/icons";
import { SearchBox } from "@/ui/SearchBox";
import { EmptyState, ErrorState } from "@/ui/states";

const ReplyEditor = lazy(() => import("./ReplyEditor"));

export function SavedReplies({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const me = useMe();
  const [edited, setEdited] = useState<SavedReply | "new" | null>(null);
  if (!may(me, "sms_logs")) {
    return (
      <main className="grid h-full place-items-center">
        <EmptyState icon={<LockIcon />} title="Saved replies are part of the Messenger">
          They need the SMS Logs permission. An administrator can give it to you.
        </EmptyState>
      </main>
    );
  }
  return (
    <main className="h-full overflow-y-auto bg-surface">
      <div className="mx-auto max-w-[720px] px-4 py-5">
        <header className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <h1 className="text-page font-heading max-desk:flex-1">Saved replies</h1>
          <SearchBox label="Search saved replies" q={q} onSearch={onSearch} className="min-w-0 flex-[1_1_220px] max-desk:order-1 max-desk:basis-full" />
          <Button variant="primary" onClick={() => setEdited("new")}>
            <PlusIcon size={16} />
            New reply
          </Button>
        </header>
        <p className="mt-2 text-note text-ink-2">Type / in an empty message to use one.</p>
        <Replies q={q} onEdit={setEdited} />
      </div>
      {edited !== null && (
        <Suspense fallback={null}>
          <ReplyEditor reply={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
        </Suspense>
      )}
    </main>
  );
}

function Replies({ q, onEdit }: { q: string; onEdit: (reply: SavedReply) => void }) {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(savedReplyListQuery(q));
  const replies = data?.pages.flatMap((page) => page.items);
  if (!replies) return isError ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton className="mt-4 h-40 w-full" />;
  if (replies.length === 0) {
    return (
      <EmptyState {...(q && { icon: <SearchIcon /> })} title={q ? `Nothing found for “${q}”` : "No saved replies yet"}>
        {q ? "Titles and texts are searched." : "Save what the desk writes every day: opening hours, directions, what to bring."}
      </EmptyState>
    );
  }
  return (
    <>
      <ul className="mt-4 space-y-2">
        {replies.map((reply) => (
          <Reply key={reply.id} reply={reply} onEdit={() => onEdit(reply)} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function Reply({ reply, onEdit }: { reply: SavedReply; onEdit: () => void }) {
  const me = useMe();
  const isMine = reply.scope === "own";
  return (
    <li className="flex items-start gap-3 rounded-lg border border-line px-4 py-3">
      <div className="min-w-0 flex-1">
        <h2 className="flex flex-wrap items-baseline gap-x-2 font-strong">
          <bdi className="[overflow-wrap:anywhere]">{reply.title}</bdi>
          <Tag>{isMine ? "Only you" : "Everybody"}</Tag>
        </h2>
        <p dir="auto" className="mt-1 whitespace-pre-wrap [overflow-wrap:anywhere]">{reply.body}</p>
        <p className="mt-1 text-note text-ink-2">{reply.uses === 0 ? "Not used yet" : `Used ${plural(reply.uses, "time")}`}</p>
      </div>
      {(isMine || me.is_admin) && (
        <Button size="sm" aria-label={`Edit ${reply.title}`} onClick={onEdit}>
          Edit
        </Button>
      )}
    </li>
  );
}
