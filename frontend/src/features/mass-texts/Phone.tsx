/** The picture of a phone with the text on it, as a family sees it. */
import type { BroadcastDetail } from "@/api/broadcasts";
import { useMe } from "@/api/session";
import { cx } from "@/lib/cx";
import { initials } from "@/lib/text";
import { FileIcon } from "@/ui/icons";

type PhoneFile = Pick<BroadcastDetail["attachments"][number], "id" | "url" | "name" | "content_type">;

interface PhoneProps {
  text: string;
  /** What goes with it. */
  files?: readonly PhoneFile[] | undefined;
  /** Whose phone it is. */
  to: string | null;
  isFaint?: boolean;
  /** What it is, while it is nobody's. */
  caption?: string;
}

export function Phone({ text, files = [], to, isFaint = false, caption = "What a family gets" }: PhoneProps) {
  const { organization } = useMe();
  return (
    <figure aria-label={to ? `The text as ${to} gets it` : "The text on a phone"} className="mx-auto max-w-[300px] print:break-inside-avoid">
      <div className="rounded-[34px] border border-line bg-bg p-2 shadow-float">
        <div className="rounded-[27px] border border-line bg-surface px-3 pt-2 pb-6">
          <div aria-hidden="true" className="mx-auto mb-2.5 h-1 w-14 rounded-full bg-line" />
          <div className="mb-3 border-b border-line pb-2.5 text-center">
            <span aria-hidden="true" className="mx-auto grid size-9 place-items-center rounded-full bg-sunken text-note font-semibold text-ink-2">
              {initials(organization.name)}
            </span>
            <p className="mt-1 truncate text-meta font-strong">{organization.name}</p>
          </div>
          <div className="min-h-[150px]">
            {files.length > 0 && (
              <ul aria-label="Files" className="mb-1.5 mr-6 flex w-fit max-w-full flex-col gap-1.5">
                {files.map((file) => (
                  <li key={file.id} className="w-fit max-w-full overflow-hidden rounded-bubble bg-sunken">
                    {file.content_type.startsWith("image/") ? (
                      <img src={file.url} alt={file.name} className="block max-h-44 object-cover" />
                    ) : (
                      <span className="flex items-center gap-2 px-3 py-2 text-note">
                        <FileIcon size={18} />
                        <bdi className="min-w-0 truncate">{file.name}</bdi>
                      </span>
                    )}
                  </li>
                ))}
              </ul>
            )}
            {text === "" && files.length > 0 ? null : text === "" ? (
              <p className="px-3 pt-10 text-center text-note text-ink-3">The text appears here as you write it.</p>
            ) : (
              <p
                dir="auto"
                className={cx(
                  "mr-6 w-fit max-w-full rounded-bubble rounded-bl-sm bg-sunken px-3 py-2 text-body [overflow-wrap:anywhere] whitespace-pre-wrap",
                  isFaint && "opacity-60",
                )}
              >
                {text}
              </p>
            )}
          </div>
        </div>
      </div>
      <figcaption className="mt-2 truncate text-center text-note text-ink-2">{to ? <>As <bdi>{to}</bdi> gets it</> : caption}</figcaption>
    </figure>
  );
}
