/** Everybody of a confirmed mass text with what became of them, by state and reason. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { RecordLink } from "./LeftOut";
import { count, describeReason, RECIPIENT_STATE, RECIPIENT_STATES } from "./words";
import { broadcastRecipientsQuery, type BroadcastDetail, type BroadcastRecipient } from "@/api/broadcasts";
import { useFormats } from "@/api/format";
import type { RecipientFilter } from "@/api/keys";
import { cx } from "@/lib/cx";
import { Skeleton, Spinner, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { EmptyState, ErrorState } from "@/ui/states";

interface RecipientsProps {
  broadcast: BroadcastDetail;
  filter: RecipientFilter;
  onFilter: (filter: RecipientFilter) => void;
}

export function Recipients({ broadcast, filter, onFilter }: RecipientsProps) {
  const isMoving = broadcast.state === "sending" || (broadcast.state !== "scheduled" && (broadcast.counts.sent ?? 0) > 0);
  const query = useInfiniteQuery(broadcastRecipientsQuery(broadcast.id, filter, isMoving));
  const rows = query.data?.pages.flatMap((page) => page.items);
  if (broadcast.confirmed_at === null) return null;
  return (
    <section aria-labelledby="mass-text-recipients">
      <h2 id="mass-text-recipients" className="text-title font-heading">Recipients</h2>
      <States broadcast={broadcast} filter={filter} onFilter={onFilter} />
      {!rows ? (
        query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton className="mt-3 h-40" />
      ) : rows.length === 0 ? (
        <EmptyState title="Nobody is in this state now">{filter.state && "Choose another state above."}</EmptyState>
      ) : (
        <ul aria-label="Recipients" className="mt-2 divide-y divide-line border-y border-line">
          {rows.map((each) => (
            <Row key={each.id} each={each} />
          ))}
        </ul>
      )}
      {query.isFetchNextPageError && <ErrorState title="The rest couldn't be loaded" error={query.error} onRetry={() => void query.fetchNextPage()} />}
      {query.hasNextPage && !query.isFetchNextPageError && (
        <Button className="mt-3 print:hidden" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage && <Spinner />}
          Show more
        </Button>
      )}
    </section>
  );
}

/** The figures of each state, each a filter; of those who did not get it also each reason. */
function States({ broadcast, filter, onFilter }: RecipientsProps) {
  const states = RECIPIENT_STATES.filter((state) => (broadcast.counts[state] ?? 0) > 0 || filter.state === state);
  const reasons = broadcast.reasons.filter(({ state }) => state === filter.state);
  const all = states.reduce((sum, state) => sum + (broadcast.counts[state] ?? 0), 0);
  return (
    <div className="mt-2 space-y-2">
      <div role="group" aria-label="By state" className="flex flex-wrap gap-2">
        <FilterChip isOn={filter.state === undefined} onClick={() => onFilter({})} figure={all} label="All" />
        {states.map((state) => (
          <FilterChip
            key={state}
            isOn={filter.state === state}
            isBad={state === "failed"}
            onClick={() => onFilter(filter.state === state ? {} : { state })}
            figure={broadcast.counts[state] ?? 0}
            label={RECIPIENT_STATE[state].label}
          />
        ))}
      </div>
      {reasons.length > 0 && (
        <div role="group" aria-label="By reason" className="flex flex-wrap gap-2">
          {reasons.map(({ reason, count: many }) => (
            <FilterChip
              key={reason}
              isOn={filter.reason === reason}
              onClick={() => onFilter(filter.reason === reason ? { state: filter.state } : { state: filter.state, reason })}
              figure={many}
              label={describeReason(reason)}
            />
          ))}
        </div>
      )}
    </div>
  );
}

interface FilterChipProps {
  isOn: boolean;
  isBad?: boolean;
  figure: number;
  label: string;
  onClick: () => void;
}

function FilterChip({ isOn, isBad = false, figure, label, onClick }: FilterChipProps) {
  return (
    <Button size="sm" aria-pressed={isOn} className={cx("shrink-0", isOn && "!border-accent !bg-accent-soft")} onClick={onClick}>
      <span>{label}</span>
      <span className={cx("tabular", isBad ? "text-red" : "text-ink-2")}>{count(figure)}</span>
    </Button>
  );
}

function Row({ each }: { each: BroadcastRecipient }) {
  const { phone, time } = useFormats();
  const { label, tone } = RECIPIENT_STATE[each.state];
  const at = each.delivered_at ?? each.sent_at;
  const why = each.error ?? (each.reason && describeReason(each.reason));
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 py-2.5">
      <span className="min-w-0 max-desk:[overflow-wrap:anywhere] desk:truncate">
        <RecordLink record={each.record} name={each.name} />
      </span>
      <span className="flex items-center justify-end gap-2 text-note text-ink-2 tabular">
        {at && <time dateTime={at}>{time(at)}</time>}
        <Tag tone={tone}>{label}</Tag>
      </span>
      <span className="text-note text-ink-2 tabular">
        {each.phone_number === null ? "No number" : phone(each.phone_number)}
        {why && <span className={each.state === "failed" ? "text-red" : undefined}> · {why}</span>}
      </span>
      {each.conversation_id && (
        <Link
          to="/messenger/$conversationId"
          params={{ conversationId: each.conversation_id }}
          className="inline-flex items-center justify-end rounded-sm text-right text-note text-accent underline-offset-2 target hover:underline max-desk:-my-3 print:hidden"
        >
          Conversation<span className="sr-only"> with {each.name ?? each.phone_number}</span>
        </Link>
      )}
    </li>
  );
}
