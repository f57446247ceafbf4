import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { QuarantinedEventRow } from "./QuarantinedEventRow";
import { useFormats } from "@/api/format";
import { quarantineQuery, inboundHealthQuery, useReplayAll, type InboundHealth } from "@/api/inbound";
import { lineLabelsQuery } from "@/api/line-labels";
import { describeError } from "@/api/problem";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { CheckIcon, WarningIcon } from "@/ui/icons";
import { EmptyState, ErrorState, Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** The quarantined inbound events, each with its reason; an administrator can replay them. */
export function Quarantine() {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(quarantineQuery);
  const { data: health } = useQuery(inboundHealthQuery);
  const { data: labels } = useQuery(lineLabelsQuery);
  const replayAll = useReplayAll();
  const events = data?.pages.flatMap((page) => page.items);
  return (
    <section aria-label="Quarantined texts">
      {health && <Notices health={health} />}
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">
          Texts that arrived but could not be shown in a conversation. They are kept here, with the reason, until they are replayed.
        </p>
        {events && events.length > 0 && (
          <Button
            disabled={replayAll.isPending}
            onClick={() =>
              replayAll.mutate(undefined, {
                onSuccess: ({ replayed, remaining }) => showToast(describeReplay(replayed, remaining)),
                onError: (failure) => showToast(`Not replayed. ${describeError(failure)}`),
              })
            }
          >
            Replay all
          </Button>
        )}
      </div>
      {isError && !events && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !events && <Skeleton className="mt-4 h-40" />}
      {events?.length === 0 && (
        <EmptyState icon={<CheckIcon />} title="Nothing is quarantined">
          Every text that arrived is in its conversation.
        </EmptyState>
      )}
      <ul aria-label="Quarantined texts" className="mt-3 divide-y divide-line">
        {events?.map((event) => (
          <QuarantinedEventRow key={event.id} event={event} line={labels?.[event.line_id]} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </section>
  );
}

function describeReplay(replayed: number, remaining: number): string {
  const what = replayed === 1 ? "One is being tried again." : `${replayed} are being tried again.`;
  return remaining > 0 ? `${what} ${remaining} more are left.` : what;
}

function Notices({ health: { missed_last_week: missed, silent_lines: silent } }: { health: InboundHealth }) {
  const { dateTime, phone } = useFormats();
  return (
    <div className="mb-4 space-y-2 empty:hidden">
      {silent.map((line) => (
        <Notice key={line.id} tone="warn" icon={<WarningIcon size={16} />}>
          <strong className="font-strong">
            <bdi>{line.label}</bdi>, {phone(line.phone_number)}, has been silent since {dateTime(line.silent_since)}.
          </strong>{" "}
          That is unusual for this line. Check with the provider that its texts still reach Messenger.
        </Notice>
      ))}
      {missed > 0 && (
        <Notice tone="warn" icon={<WarningIcon size={16} />}>
          <strong className="font-strong">
            {missed === 1 ? "One text" : `${missed} texts`} of the last seven days never reached Messenger.
          </strong>{" "}
          {missed === 1 ? "It was" : "They were"} fetched from the provider late and {missed === 1 ? "is" : "are"} in the conversations now. Check that the
          line’s webhook address is right and the service was reachable.
        </Notice>
      )}
    </div>
  );
}
