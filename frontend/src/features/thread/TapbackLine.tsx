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
          {describeTapback(tapback)} ·{" "}
          <time dateTime={message.created_at} title={full(message.created_at)} className="tabular">
            {time(message.created_at)}
          </time>
        </summary>
        <MessageText body={message.body} className="mx-auto mt-1 max-w-[min(82%,560px)] [overflow-wrap:anywhere] whitespace-pre-wrap" />
      </details>
    </article>
  );
}

/** The quoted words say on which message it is, wherever that stands. */
function describeTapback({ emoji, removed, quote }: Tapback): ReactNode {
  return (
    <>
      {removed ? `They took back ${emoji}` : `They reacted with ${emoji}`}
      {quote !== null && (
        <>
          {removed ? " from " : " to "}“<bdi>{shorten(quote)}</bdi>”
        </>
      )}
    </>
  );
}

const SHOWN_CHARACTERS = 40;

function shorten(quote: string): string {
  const characters = Array.from(quote.replace(/\s+/gu, " "));
  return characters.length <= SHOWN_CHARACTERS ? characters.join("") : `${characters.slice(0, SHOWN_CHARACTERS).join("").trimEnd()}…`;
}
