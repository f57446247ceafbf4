import { memo } from "react";

import { DismissNotSent } from "./DismissNotSent";
import { DeliveryState } from "./DeliveryState";
import { describeFailure, describeSender } from "./describe-message";
import { Media } from "./Media";
import { MessageText } from "./MessageText";
import { PartOf } from "./PartOf";
import { Reactions } from "./TapbackLine";
import { RetryButton } from "./RetryButton";
import { useFormats } from "@/api/format";
import type { Message } from "@/api/types";
import { cx } from "@/lib/cx";
import { WarningIcon } from "@/ui/icons";
import { bubbleLook } from "@/ui/bubble";

interface MessageBubbleProps {
  message: Message;
  continues: boolean;
  ends: boolean;
  highlighted?: boolean;
  /** The message failed, and this person may send it again. */
  canRetry?: boolean;
  /** How many texts of the conversation were not sent, if the person may dismiss them here. */
  notSent?: number;
  /** Emoji that they reacted with, with spaces between. */
  reactions?: string;
}

export const MessageBubble = memo(function MessageBubble({ message, continues, ends, highlighted = false, canRetry = false, notSent = 0, reactions = "" }: MessageBubbleProps) {
  const { time, full } = useFormats();
  const outbound = message.direction === "outbound";
  const author = describeSender(message);
  const failed = message.status === "failed" || message.status === "undelivered";

  return (
    <article
      data-seq={message.seq}
      aria-label={`${outbound ? author : "They"} wrote at ${time(message.created_at)}`}
      className={cx("flex flex-col", outbound ? "items-end" : "items-start", continues ? "mt-0.5" : "mt-2")}
    >
      {message.erased_at !== null && (
        <p className={bubbleLook({ tone: "erased", outbound, ends })}>This text was erased.</p>
      )}
      {message.body !== "" && (
        <MessageText
          body={message.body}
          className={cx(
            bubbleLook({ tone: failed ? "failed" : outbound ? "outbound" : "inbound", outbound, ends }),
            highlighted && "ring-accent ring-offset-bg motion-safe:animate-found motion-reduce:ring-2 motion-reduce:ring-offset-2",
          )}
        >
          {failed && <FailureReason message={message} />}
        </MessageText>
      )}
      {failed && message.body === "" && (
        <div className={bubbleLook({ tone: "failed", outbound, ends })}>
          <FailureReason message={message} />
        </div>
      )}
      <Media message={message} />
      {message.broadcast && <PartOf broadcast={message.broadcast} />}
      {reactions !== "" && <Reactions emoji={reactions} outbound={outbound} />}
      {ends && (
        <p className={cx("mx-1.5 mt-1 mb-1 flex flex-wrap items-center gap-x-1 text-meta text-ink-3", outbound && "justify-end")}>
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
              {notSent > 0 && (
                <>
                  <span aria-hidden="true">·</span>
                  <DismissNotSent conversationId={message.conversation_id} count={notSent} />
                </>
              )}
            </>
          )}
        </p>
      )}
    </article>
  );
});

/** NOT-SENT: the bubble itself says that it did not arrive, and why. */
function FailureReason({ message }: { message: Message }) {
  const { label, reason } = describeFailure(message);
  return (
    <span className="mt-1.5 flex gap-1.5 border-t border-red pt-1.5 text-note whitespace-normal text-red" dir="ltr">
      <span className="mt-px">
        <WarningIcon size={16} />
      </span>
      <span>
        <b className="font-strong">{label}.</b> {reason}
      </span>
    </span>
  );
}
