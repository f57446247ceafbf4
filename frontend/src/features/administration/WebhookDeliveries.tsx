import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeAttempt, describeEvent, STATE_LABELS } from "./describe-webhooks";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { useReplayDelivery, webhookDeliveriesQuery, type WebhookDelivery, type WebhookEndpoint } from "@/api/webhook-endpoints";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { SelectField } from "@/ui/form";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

type State = WebhookDelivery["state"];

const TONES = { pending: "warn", delivered: "good", failed: "bad" } as const;

/** What was posted to an endpoint in the last 30 days, the newest first. */
export function WebhookDeliveries({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [state, setState] = useState<State | null>(null);
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(webhookDeliveriesQuery(endpoint.id, state));
  const deliveries = data?.pages.flatMap((page) => page.items);
  return (
    <div className="mt-3 rounded-md border border-line p-3">
      <SelectField label="Show" className="max-w-60" value={state ?? ""} onChange={(event) => setState((event.target.value || null) as State | null)}>
        <option value="">All deliveries</option>
        {(["pending", "delivered", "failed"] as const).map((each) => (
          <option key={each} value={each}>
            {STATE_LABELS[each]}
          </option>
        ))}
      </SelectField>
      {isError && !deliveries && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !deliveries && <Skeleton className="mt-3 h-24" />}
      {deliveries?.length === 0 && <p className="mt-3 text-note text-ink-2">Nothing of the last 30 days.</p>}
      <ul aria-label={`Deliveries to ${endpoint.url}`} className="mt-2 divide-y divide-line">
        {deliveries?.map((delivery) => (
          <Delivery key={delivery.id} endpoint={endpoint} delivery={delivery} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </div>
  );
}

function Delivery({ endpoint, delivery }: { endpoint: WebhookEndpoint; delivery: WebhookDelivery }) {
  const { dateTime } = useFormats();
  const replay = useReplayDelivery();
  const { attempts, state } = delivery;
  const isTest = delivery.event_type === "webhook_endpoint.test";
  const isBehind = state === "pending" && delivery.next_attempt_at === null;
  return (
    <li className="py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Tag tone={TONES[state]}>{STATE_LABELS[state]}</Tag>
        <p className="min-w-0 flex-[1_1_180px]">
          {describeEvent(delivery.event_type)} <span className="text-note text-ink-2">{dateTime(delivery.created_at)}</span>
        </p>
        {!isTest && !isBehind && endpoint.enabled && (
          <Button
            size="sm"
            aria-label={`Replay: ${describeEvent(delivery.event_type)}, ${dateTime(delivery.created_at)}`}
            disabled={replay.isPending}
            onClick={() =>
              replay.mutate(
                { id: endpoint.id, deliveryId: delivery.id },
                {
                  onSuccess: () => showToast("It is being posted again."),
                  onError: (error) => showToast(`Not replayed. ${describeError(error)}`),
                },
              )
            }
          >
            Replay
          </Button>
        )}
      </div>
      <p className="text-note text-ink-2 empty:hidden">
        {isBehind && "It waits for an earlier event of its conversation. "}
        {state === "pending" && delivery.next_attempt_at && endpoint.enabled && `Next attempt ${dateTime(delivery.next_attempt_at)}. `}
      </p>
      {attempts.length > 0 && (
        <details className="text-note">
          <summary className="cursor-pointer text-ink-2 max-desk:py-2.5">{attempts.length === 1 ? "1 attempt" : `${attempts.length} attempts`}</summary>
          <ol className="mt-1 space-y-1.5">
            {attempts.map((attempt) => (
              <li key={attempt.at}>
                <p className="[overflow-wrap:anywhere]">
                  {dateTime(attempt.at)}: {describeAttempt(attempt)}
                </p>
                {attempt.response_excerpt && (
                  <code dir="auto" className="mt-1 block rounded-md bg-sunken p-2 text-meta whitespace-pre-wrap [overflow-wrap:anywhere]">
                    {attempt.response_excerpt}
                  </code>
                )}
              </li>
            ))}
          </ol>
        </details>
      )}
    </li>
  );
}
