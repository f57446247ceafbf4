/** Reactions: on the message that they quote, and the texts that brought them, folded into one line. */
import type { ReactNode } from "react";

import { MessageText } from "./MessageText";
import type { Tapback } from "./tapbacks";
import { useFormats } from "@/api/format";
import type { Message } from "@/api/types";
import { cx } from "@/lib/cx";

export function Reactions({ emoji, outbound }: { emoji: string; outbound: boolean }) {
  return (
    <p role="note" aria-label={`They reacted with ${emoji}`} className={cx("z-10 -mt-2 rounded-full border border-line bg-surface px-2 py-0.5 text-note leading-none", outbound ? "mr-3" : "ml-3")}>
      <span aria-hidden="true">{emoji}</span>
    </p>
  );
}

interface TapbackOrProps {
  message: Message;
  tapback: Tapback | undefined;
  children: ReactNode;
}

/** The line of a reaction, which opens to the text as it came; `children` for any other message. */
export function TapbackOr({ message, tapback, children }: TapbackOrProps) {
  const { time, full } = useFormats();
  if (!tapback) return children;
  return (
    <article data-seq={message.seq} aria-label={`They reacted at ${time(message.created_at)}`} className="my-1.5 text-center text-meta text-ink-2">
      <details>
        <summary className="cursor-pointer">
          {tapback.removed ? `They took back ${tapback.emoji}` : `They reacted with ${tapback.emoji}`} ·{" "}
          <time dateTime={message.created_at} title={full(message.created_at)} className="tabular">
            {time(message.created_at)}
          </time>
        </summary>
        <MessageText body={message.body} className="mx-auto mt-1 max-w-[min(82%,560px)] [overflow-wrap:anywhere] whitespace-pre-wrap" />
      </details>
    </article>
  );
}
