import { useInfiniteQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";

import { sessionsQuery, useEndOtherSessions, useEndSession, type Session } from "@/api/account";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { plural } from "@/lib/text";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { showInFull } from "@/ui/form";
import { ErrorState, Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** Where the person is signed in. */
export function Sessions() {
  const heading = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(sessionsQuery);
  const sessions = data?.pages.flatMap((page) => page.items);
  const others = sessions?.filter((session) => !session.is_current) ?? [];
  const shown = sessions && [...sessions.filter((session) => session.is_current), ...others];
  /** The button that had the focus is gone. */
  const refocus = () => title.current?.focus();
  return (
    <section aria-labelledby={heading} className="mt-7 border-t border-line pt-5">
      <h2 id={heading} ref={title} tabIndex={-1} className="text-title font-heading outline-none">
        Where you are signed in
      </h2>
      <p className="mt-1 text-note text-ink-2">End a session that you do not know, and change your password.</p>
      {isError && !sessions && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !sessions && <Skeleton className="mt-4 h-24" />}
      <ul aria-labelledby={heading} className="mt-2 divide-y divide-line">
        {shown?.map((session) => (
          <Row key={session.id} session={session} onEnded={refocus} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {others.length > 0 && <EndOthers onEnded={refocus} />}
    </section>
  );
}

function Row({ session: { id, device, address, created_at, last_used_at, is_current }, onEnded }: { session: Session; onEnded: () => void }) {
  const { moment } = useFormats();
  const end = useEndSession();
  const name = device ?? "Unknown device";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-3">
      <div className="min-w-0 flex-[1_1_220px]">
        <p className="flex flex-wrap items-center gap-2 font-strong">
          <bdi className="min-w-0 [overflow-wrap:anywhere]">{name}</bdi>
          {is_current && <Tag tone="good">This device</Tag>}
        </p>
        <p className="text-note text-ink-2 [overflow-wrap:anywhere]">
          Last used {moment(last_used_at)} · signed in {moment(created_at)}
          {address !== null && ` · from ${address}`}
        </p>
      </div>
      {!is_current && (
        <Button
          size="sm"
          variant="danger"
          aria-label={`End session: ${name}, last used ${moment(last_used_at)}`}
          disabled={end.isPending}
          onClick={() =>
            end.mutate(id, {
              onSuccess: () => {
                showToast(`${name} is signed out.`);
                onEnded();
              },
            })
          }
        >
          End session
        </Button>
      )}
      <NotEnded error={end.error} />
    </li>
  );
}

function NotEnded({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p ref={showInFull} role="alert" className="w-full text-note text-red">
      Not ended. {describeError(error)}
    </p>
  );
}

/** For a button that comes in the place of the one that had the focus. */
const focusIt = (button: HTMLButtonElement | null) => button?.focus();

function EndOthers({ onEnded }: { onEnded: () => void }) {
  const end = useEndOtherSessions();
  const [asking, setAsking] = useState<"not yet" | "asking" | "kept">("not yet");
  if (asking !== "asking") {
    return (
      <Button ref={asking === "kept" ? focusIt : undefined} variant="danger" className="mt-3" onClick={() => setAsking("asking")}>
        End all others
      </Button>
    );
  }
  const keep = () => {
    end.reset();
    setAsking("kept");
  };
  return (
    <div ref={showInFull} className="mt-3">
      <Notice tone="warn" role="alert">
        <p>Everywhere but here you will have to sign in again. Texts that are half written there stay as drafts.</p>
        <div className="mt-2 flex flex-wrap gap-2">
          <Button
            size="sm"
            variant="danger"
            disabled={end.isPending}
            onKeyDown={(event) => event.key === "Escape" && keep()}
            onClick={() =>
              end.mutate(undefined, {
                onSuccess: ({ ended }) => {
                  showToast(`${plural(ended, "session")} ended.`);
                  onEnded();
                },
              })
            }
          >
            End them now
          </Button>
          <Button ref={focusIt} size="sm" onKeyDown={(event) => event.key === "Escape" && keep()} onClick={keep}>
            Keep them
          </Button>
          <NotEnded error={end.error} />
        </div>
      </Notice>
    </div>
  );
}
