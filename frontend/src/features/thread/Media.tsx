import { lazy, Suspense } from "react";

import type { Message } from "@/api/types";
import { cx } from "@/lib/cx";

const Files = lazy(() => import("./Files"));

const takesSpace = ({ state, content_type }: Message["media"][number]) => state === "waiting" || (state === "kept" && /^image\/(?!heic)/.test(content_type));

/** The pictures and files of a message. Their space is reserved from the start, so that the thread does not jump. */
export function Media({ message: { media, direction } }: { message: Message }) {
  return <MediaList media={media} outbound={direction === "outbound"} />;
}

export function MediaList({ media, outbound }: { media: Message["media"]; outbound: boolean }) {
  if (media.length === 0) return null;
  return (
    <ul className={cx("mt-1 flex max-w-[min(82%,560px)] flex-wrap gap-1.5", outbound && "justify-end", media.some(takesSpace) && "min-h-50")}>
      <Suspense>
        <Files media={media} />
      </Suspense>
    </ul>
  );
}
