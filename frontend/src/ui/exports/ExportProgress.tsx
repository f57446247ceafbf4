/** How far an export is: its progress, its file, or why there is none. */
import { exportHref, type ExportJob } from "@/api/exports";
import { useFormats } from "@/api/format";
import { describeSize } from "@/lib/describe-file";
import { Tag } from "@/ui/bits";
import { DownloadIcon } from "@/ui/icons";

export function ExportProgress({ job }: { job: ExportJob }) {
  const { date } = useFormats();
  const { done, total } = job.progress;
  switch (job.state) {
    case "queued":
      return <p className="text-note text-ink-2">Waiting to be written</p>;
    case "running":
      return (
        <label className="flex flex-wrap items-center gap-x-2 text-note text-ink-2">
          <progress value={done} max={Math.max(total ?? 0, done, 1)} className="h-2 w-40 max-w-full accent-accent" />
          {done.toLocaleString("en")} of {(total ?? done).toLocaleString("en")}
        </label>
      );
    case "done":
      return (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <p className="text-note text-ink-2">
            {describeSize(job.size ?? 0)}
            {job.expires_at && `, until ${date(job.expires_at)}`}
          </p>
          <a
            href={exportHref(job.id)}
            download
            className="target inline-flex min-h-7 items-center gap-2 rounded-md border border-line bg-surface px-2.5 py-1 text-note font-strong whitespace-nowrap text-ink transition-colors hover:bg-sunken"
          >
            <DownloadIcon size={16} />
            Download
          </a>
        </div>
      );
    case "failed":
    case "expired":
      return (
        <p className="text-note text-ink-2">
          <Tag tone={job.state === "failed" ? "bad" : "neutral"}>{job.state === "failed" ? "Failed" : "Deleted"}</Tag> {job.error}
        </p>
      );
  }
}
