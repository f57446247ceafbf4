import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { LineEditor } from "./LineEditor";
import { LineRow } from "./LineRow";
import { inboundHealthQuery } from "@/api/inbound";
import { linesQuery, providersQuery, type Line } from "@/api/lines";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { MessengerIcon, PlusIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";

const LineDefaults = lazy(() => import("./LineDefaults"));

/** The lines, each with its set-up instructions and its check. */
export function Lines() {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(linesQuery);
  const { data: inbound } = useQuery(inboundHealthQuery);
  const { data: providers } = useQuery(providersQuery);
  const [edited, setEdited] = useState<Line | "new" | null>(null);
  /** The line whose set-up is open. */
  const [open, setOpen] = useState<string | null>(null);
  const lines = data?.pages.flatMap((page) => page.items);
  const real = lines?.filter((line) => !line.sandbox);
  const lastTexts = inbound && new Map(inbound.last_texts.map(({ line_id, at }) => [line_id, at]));
  const add = (
    <Button variant="primary" onClick={() => setEdited("new")}>
      <PlusIcon size={16} />
      Add a line
    </Button>
  );
  return (
    <section aria-label="Lines">
      {lines && lines.length > 0 && (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">The numbers you text from. Each is yours at a provider, which brings its texts here.</p>
          {add}
        </div>
      )}
      {isError && !lines && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !lines && <Skeleton className="mt-4 h-40" />}
      {lines?.length === 0 && (
        <EmptyState icon={<MessengerIcon />} title="Add the number you text from" action={add}>
          You need a number at a provider, and what its account is signed in with. It takes five minutes.
        </EmptyState>
      )}
      <ul aria-label="Lines" className="mt-3 divide-y divide-line">
        {lines?.map((line) => (
          <LineRow
            key={line.id}
            line={line}
            lastText={lastTexts && (lastTexts.get(line.id) ?? null)}
            open={open === line.id}
            onOpen={(shown) => setOpen(shown ? line.id : null)}
            onEdit={() => setEdited(line)}
          />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {real && real.length > 1 && (
        <Suspense fallback={null}>
          <LineDefaults lines={real} />
        </Suspense>
      )}
      {edited && providers && <LineEditor providers={providers} line={edited === "new" ? null : edited} onAdded={(line) => setOpen(line.id)} onClose={() => setEdited(null)} />}
    </section>
  );
}
