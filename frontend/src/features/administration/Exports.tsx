/** All exports of the organization, and new ones of a time range (EXPORT). */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { NewExportDialog } from "./NewExportDialog";
import { exportsQuery, useDeleteExport, type ExportJob } from "@/api/exports";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { describeExport, SHORT_FORMATS } from "@/lib/describe-export";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ExportProgress } from "@/ui/exports/ExportProgress";
import { PlusIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export default function Exports() {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(exportsQuery);
  const [creating, setCreating] = useState(false);
  const jobs = data?.pages.flatMap((page) => page.items);
  return (
    <section aria-label="Exports">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">
          Files are kept for seven days. A conversation and the data of one number are exported from the details of the conversation.
        </p>
        <Button variant="primary" onClick={() => setCreating(true)}>
          <PlusIcon size={16} />
          New export
        </Button>
      </div>
      {isError && !jobs && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !jobs && <Skeleton className="mt-4 h-40" />}
      {jobs?.length === 0 && <EmptyState title="No exports yet">Nobody has exported anything in the last 90 days.</EmptyState>}
      <ul aria-label="Exports" className="mt-3 divide-y divide-line">
        {jobs?.map((job) => (
          <Row key={job.id} job={job} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {creating && <NewExportDialog onClose={() => setCreating(false)} />}
    </section>
  );
}

function Row({ job }: { job: ExportJob }) {
  const formats = useFormats();
  const remove = useDeleteExport();
  const name = describeExport(job, formats);
  const hasEnded = job.state === "failed" || job.state === "expired";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3">
      <div className="min-w-0 flex-[1_1_260px]">
        <p className="font-strong [overflow-wrap:anywhere]">
          {job.conversation_id === null ? (
            name
          ) : (
            <Link
              to="/messenger/$conversationId"
              params={{ conversationId: job.conversation_id }}
              className="target text-ink underline-offset-2 hover:underline max-desk:inline-flex max-desk:items-center"
            >
              {name}
            </Link>
          )}
        </p>
        <p className="text-note text-ink-2">
          {SHORT_FORMATS[job.format]} · <bdi>{job.created_by.name}</bdi>, {formats.moment(job.created_at)}
        </p>
      </div>
      <ExportProgress job={job} />
      {!hasEnded && (
        <Button
          size="sm"
          disabled={remove.isPending}
          aria-label={`${job.state === "done" ? "Delete" : "Stop"}: ${name}`}
          onClick={() => remove.mutate(job.id, { onError: (error) => showToast(`Not deleted. ${describeError(error)}`) })}
        >
          {job.state === "done" ? "Delete" : "Stop"}
        </Button>
      )}
    </li>
  );
}
