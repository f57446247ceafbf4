import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { WebhookEndpointDialog } from "./WebhookEndpointDialog";
import { WebhookEndpointRow } from "./WebhookEndpointRow";
import { webhookEndpointsQuery } from "@/api/webhook-endpoints";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { PlusIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";

/** Where events are posted to, each with its health and its delivery log. */
export function WebhookEndpoints() {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(webhookEndpointsQuery);
  const [creating, setCreating] = useState(false);
  const endpoints = data?.pages.flatMap((page) => page.items);
  return (
    <section aria-label="Webhook endpoints">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">
          Addresses of other systems that receive events as they happen. Each event is signed, and is posted again for up to three days until the system accepts it.
        </p>
        <Button variant="primary" onClick={() => setCreating(true)}>
          <PlusIcon size={16} />
          New endpoint
        </Button>
      </div>
      {isError && !endpoints && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !endpoints && <Skeleton className="mt-4 h-40" />}
      {endpoints?.length === 0 && <EmptyState title="No endpoints yet">No other system receives events.</EmptyState>}
      <ul aria-label="Webhook endpoints" className="mt-3 divide-y divide-line">
        {endpoints?.map((endpoint) => (
          <WebhookEndpointRow key={endpoint.id} endpoint={endpoint} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {creating && <WebhookEndpointDialog endpoint={null} onClose={() => setCreating(false)} />}
    </section>
  );
}
