import { memo } from "react";

import { DeliveryState } from "./DeliveryState";
import { describeSender } from "./describe-message";
import { Media } from "./Media";
import { MessageText } from "./MessageText";
import { Reactions } from "./TapbackLine";
import { RetryButton } from "./RetryButton";
import { useFormats } from "@/api/format";
import type { Message } from "@/api/types";
import { cx } from "@/lib/cx";

interface MessageBubbleProps {
  message: Message;
  continues: boolean;
  ends: boolean;
  highlighted?: boolean;
  /** The message failed, and this person may send it again. */
  canRetry?: boolean;
  /** Emoji that they reacted with, with spaces between. */
  reactions?: string;
}

const BUBBLE = "max-w-[min(82%,560px)] rounded-bubble px-3 py-2 text-body [overflow-wrap:anywhere] whitespace-pre-wrap desk:max-w-[min(72%,560px)]";

export const MessageBubble = memo(function MessageBubble({ message, continues, ends, highlighted = false, canRetry = false, reactions = "" }: MessageBubbleProps) {
  const { time, full } = useFormats();
  const outbound = message.direction === "outbound";
  const author = describeSender(message);

  return (
    <article
      data-seq={message.seq}
      aria-label={`${outbound ? author : "They"} wrote at ${time(message.created_at)}`}
      className={cx("flex flex-col", outbound ? "items-end" : "items-start", continues ? "mt-0.5" : "mt-2")}
    >
      {message.erased_at !== null && (
        <p className={cx(BUBBLE, "border border-dashed border-line text-ink-2 italic", ends && (outbound ? "rounded-br-sm" : "rounded-bl-sm"))}>
          This text was erased.
        </p>
      )}
      {message.body !== "" && (
        <MessageText
          body={message.body}
          className={cx(
            BUBBLE,
            outbound ? "bg-said text-said-ink" : "border border-line bg-surface",
            ends && (outbound ? "rounded-br-sm" : "rounded-bl-sm"),
            highlighted && "ring-accent ring-offset-bg motion-safe:animate-found motion-reduce:ring-2 motion-reduce:ring-offset-2",
          )}
        />
      )}
      <Media message={message} />
      {reactions !== "" && <Reactions emoji={reactions} outbound={outbound} />}
      {ends && (
        <p className="mx-1.5 mt-1 mb-1 flex flex-wrap items-center gap-x-1 text-meta text-ink-3">
          {outbound && <span>{author} ·</span>}
          <time dateTime={message.created_at} title={full(message.created_at)} className="tabular">
            {time(message.created_at)}
          </time>
          {outbound && (
            <>
              <span aria-hidden="true">·</span>
              <DeliveryState message={message} />
              {canRetry && (
                <>
                  <span aria-hidden="true">·</span>
                  <RetryButton message={message} />
                </>
              )}
            </>
          )}
        </p>
      )}
    </article>
  );
});
