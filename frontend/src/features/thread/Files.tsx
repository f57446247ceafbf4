import { useState, type ReactNode } from "react";

import ContactCard from "./files/ContactCard";
import Player from "./files/Player";
import { describeKind, describeSize, hostOf, isShown, type MediaFile } from "@/lib/describe-file";
import { Spinner } from "@/ui/bits";
import { Dialog } from "@/ui/Dialog";
import { DownloadIcon, WarningIcon } from "@/ui/icons";

const CARD = "flex min-h-11 items-center gap-2 rounded-lg border border-line bg-surface px-3 py-2 text-note";
const LINK = "font-strong text-accent underline underline-offset-2";

/** A message's files by state: picture, download, waiting, refused, or a link. */
export default function Files({ media }: { media: readonly MediaFile[] }) {
  return media.map((file, index) => (
    <li key={file.id ?? `${index} ${file.url}`} className="min-w-0">
      <File file={file} name={media.length > 1 ? `${describeKind(file)} ${index + 1} of ${media.length}` : describeKind(file)} />
    </li>
  ));
}

function File({ file, name }: { file: MediaFile; name: string }) {
  switch (file.state) {
    case "waiting":
      return (
        <div className="grid size-50 place-content-center justify-items-center gap-2 rounded-lg border border-line bg-sunken px-4 text-center text-note text-ink-2">
          <Spinner className="motion-reduce:animate-none" />
          {name} is being fetched
        </div>
      );
    case "refused":
      return (
        <Card icon={<WarningIcon size={18} />}>
          <b className="font-strong text-ink">{name} can't be shown.</b> {file.reason}
        </Card>
      );
    case "kept":
      return <Kept file={file} name={name} />;
    default:
      return <Elsewhere file={file} />;
  }
}

function Kept({ file, name }: { file: MediaFile; name: string }) {
  if (isShown(file)) return <Picture file={file} name={name} />;
  if (file.content_type === "text/vcard") return <ContactCard file={file} />;
  if (/^(?:audio|video)\//.test(file.content_type)) return <Player file={file} name={name} />;
  return <Download file={file} name={name} />;
}

function Card({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className={`${CARD} text-ink-2`}>
      {icon}
      <p className="min-w-0 [overflow-wrap:anywhere]">{children}</p>
    </div>
  );
}

function Picture({ file, name }: { file: MediaFile; name: string }) {
  const [open, setOpen] = useState(false);
  const [broken, setBroken] = useState(false);
  if (broken) return <Download file={file} name={name} note="can't be shown" />;
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className="block size-50 overflow-hidden rounded-lg border border-line bg-sunken"
      >
        <img src={file.url} alt={name} loading="lazy" decoding="async" onError={() => setBroken(true)} className="size-full object-cover" />
      </button>
      <Dialog open={open} onOpenChange={setOpen} title={name} wide>
        <img src={file.url} alt={name} className="mx-auto max-h-[68vh] max-w-full rounded-lg bg-sunken object-contain" />
        <p className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-note text-ink-2">
          <a href={file.url} target="_blank" rel="noopener noreferrer" className={LINK}>
            Open in a new tab
          </a>
          <a href={file.url} download className={LINK}>
            Save
          </a>
          {file.size !== null && describeSize(file.size)}
        </p>
      </Dialog>
    </>
  );
}

function Download({ file, name, note }: { file: MediaFile; name: string; note?: string }) {
  return (
    <Card icon={<DownloadIcon size={18} />}>
      {note && `${name} ${note}. `}
      <a href={file.url} download className={LINK}>
        {note ? "Save it" : `Save ${name.toLowerCase().replace("pdf", "PDF")}`}
      </a>
      {file.size !== null && ` · ${describeSize(file.size)}`}
    </Card>
  );
}

/** A sent file is shown as a link: this page loads nothing from other sites. */
function Elsewhere({ file }: { file: MediaFile }) {
  return (
    <div className={CARD}>
      <a href={file.url} target="_blank" rel="noopener noreferrer" className={`${LINK} [overflow-wrap:anywhere]`}>
        Picture at {hostOf(file.url) || file.url}
      </a>
    </div>
  );
}
