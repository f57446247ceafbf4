/** Voice messages and videos. What this browser cannot play can be saved. */
import { useState } from "react";

import { describeSize, type MediaFile } from "../describe-file";
import { DownloadIcon } from "@/ui/icons";

const LINK = "font-strong text-accent underline underline-offset-2";

/** Phones record voice messages in formats that no browser plays. */
const NEVER_PLAYED = new Set(["audio/amr"]);

export default function Player({ file, name }: { file: MediaFile; name: string }) {
  const [broken, setBroken] = useState(false);
  const isSound = file.content_type.startsWith("audio/");
  const plays = !broken && !NEVER_PLAYED.has(file.content_type);
  return (
    <div className="max-w-full rounded-lg border border-line bg-surface px-3 py-2 text-note">
      {plays &&
        (isSound ? (
          // A parent's recording comes without captions.
          // eslint-disable-next-line jsx-a11y/media-has-caption
          <audio controls preload="metadata" src={file.url} aria-label={name} onError={() => setBroken(true)} className="h-10 w-72 max-w-full" />
        ) : (
          // eslint-disable-next-line jsx-a11y/media-has-caption
          <video controls preload="metadata" src={file.url} aria-label={name} onError={() => setBroken(true)} className="max-h-80 w-80 max-w-full rounded-md bg-sunken" />
        ))}
      <p className="mt-1 flex items-center gap-2 text-ink-2">
        <DownloadIcon size={18} />
        <span>
          {!plays && `Browsers can't play this ${isSound ? "sound" : "video"}. `}
          <a href={file.url} download className={LINK}>
            {plays ? `Save ${name.toLowerCase()}` : "Save it to play it"}
          </a>
          {file.size !== null && ` · ${describeSize(file.size)}`}
        </span>
      </p>
    </div>
  );
}
