/** Voice messages and videos. What this browser cannot play can be saved. */
import { useState } from "react";

import { describeSize, type MediaFile } from "@/lib/describe-file";
import { DownloadIcon } from "@/ui/icons";

const LINK = "font-strong text-accent underline underline-offset-2";

/** Formats that no browser plays, and what they are called. Some phones record voice messages in AMR. */
const NEVER_PLAYED = new Map([["audio/amr", "AMR"]]);

export default function Player({ file, name }: { file: MediaFile; name: string }) {
  const [broken, setBroken] = useState(false);
  const isSound = file.content_type.startsWith("audio/");
  const format = NEVER_PLAYED.get(file.content_type);
  const plays = !broken && format === undefined;
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
          {!plays &&
            (format === undefined
              ? `This browser can't play this ${isSound ? "sound" : "video"}. `
              : `The phone recorded it as ${format}, which no browser plays. A phone or a media player does. `)}
          <a href={file.url} download className={LINK}>
            {plays ? `Save ${name.toLowerCase()}` : "Save it to play it"}
          </a>
          {file.size !== null && ` · ${describeSize(file.size)}`}
        </span>
      </p>
    </div>
  );
}
