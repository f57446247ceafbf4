import { describeSize } from "@/lib/describe-file";
import type { DraftFile } from "./draft-files";
import type { Attachments } from "./useAttachments";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/text";
import { CloseIcon, FileIcon, WarningIcon } from "@/ui/icons";

/** What goes with the text: previews, how far each upload is, why one cannot be sent. */
export default function Tray({ attachments: { files, problem, remove } }: { attachments: Pick<Attachments, "files" | "problem" | "remove"> }) {
  const loading = files.filter((file) => file.upload === null && file.problem === null).length;
  return (
    <div className="mb-2">
      <ul aria-label="Files to send" className="flex flex-wrap gap-2">
        {files.map((file) => (
          <li
            key={file.key}
            className={cx(
              "relative flex min-h-16 max-w-full items-center gap-2 overflow-hidden rounded-lg border bg-sunken pr-10 text-note",
              file.problem === null ? "border-line" : "border-red",
            )}
          >
            <Preview file={file} />
            <span className="min-w-0 py-1.5 pr-1">
              <span className="block max-w-44 truncate font-strong" title={file.name}>
                {file.name}
              </span>
              <span className={cx("block", file.problem === null ? "text-ink-2" : "max-w-60 text-red")}>{describe(file)}</span>
            </span>
            <button
              type="button"
              aria-label={`Remove ${file.name}`}
              title={`Remove ${file.name}`}
              onClick={() => remove(file.key)}
              className="absolute top-0 right-0 grid size-9 place-items-center rounded-md text-ink-2 hover:bg-surface hover:text-ink max-desk:size-[44px]"
            >
              <CloseIcon size={16} />
            </button>
          </li>
        ))}
      </ul>
      <p role="status" className={cx("mt-1 text-meta", problem === null ? "sr-only" : "font-strong text-red")}>
        {problem ?? (loading > 0 ? `${plural(loading, "file")} on the way` : `${plural(files.length, "file")} ready to send`)}
      </p>
    </div>
  );
}

function Preview({ file: { upload, progress, problem, name } }: { file: DraftFile }) {
  if (upload?.content_type.startsWith("image/")) {
    return <img src={upload.url} alt="" width={upload.width ?? undefined} height={upload.height ?? undefined} className="size-16 shrink-0 object-cover" />;
  }
  return (
    <span className="grid size-16 shrink-0 place-items-center text-ink-2">
      {problem !== null ? (
        <WarningIcon size={20} />
      ) : upload ? (
        <FileIcon size={22} />
      ) : (
        <progress value={progress} max={1} aria-label={`Upload of ${name}`} className="w-11 accent-accent" />
      )}
    </span>
  );
}

function describe({ upload, problem, progress }: DraftFile): string {
  if (problem !== null) return problem;
  if (upload) return describeSize(upload.size);
  return progress < 1 ? `${Math.round(progress * 100)} %` : "Making it ready";
}
