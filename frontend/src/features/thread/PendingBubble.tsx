/** A text that the API has not accepted yet: on its way, waiting for a connection, or refused with the reason and a way on. */
import { describeSender } from "./describe-message";
import { explainRefusal } from "./explain-refusal";
import { MessageText } from "./MessageText";
import { useFormats } from "@/api/format";
import type { PendingText } from "@/api/outbox";
import { PROBLEM, type Problem } from "@/api/problem";
import { useOutbox } from "@/api/realtime";
import { ownerKey, useMe } from "@/api/session";
import { returnToDraft } from "@/lib/drafts";
import { Button } from "@/ui/Button";
import { ClockIcon, WarningIcon } from "@/ui/icons";
import { bubbleLook } from "@/ui/look";

export function PendingBubble({ text }: { text: PendingText }) {
  const { time } = useFormats();
  const refused = text.state === "refused";
  return (
    <article aria-label="Your message, not sent yet" className="mt-2 flex animate-rise flex-col items-end">
      <MessageText
        body={text.body}
        className={bubbleLook({ tone: refused ? "failed" : "pending", outbound: true, ends: true })}
      />
      {refused ? (
        <Refused text={text} />
      ) : (
        <p role="status" className="mx-1.5 mt-1 mb-1 flex items-center gap-1 text-meta text-ink-3">
          <ClockIcon size={14} />
          {text.state === "sending" ? `Sending · ${time(text.createdAt)}` : "Waiting for the connection; it will be sent by itself"}
        </p>
      )}
    </article>
  );
}

function Refused({ text }: { text: PendingText }) {
  const me = useMe();
  const outbox = useOutbox();
  const { date } = useFormats();
  const stale = text.problem?.type === PROBLEM.newMessages;

  const edit = () => {
    outbox.remove(text.key);
    returnToDraft(ownerKey(me), text.conversationId, text.body);
  };

  return (
    <div role="alert" className="mt-1.5 mb-1 w-full max-w-[560px] rounded-lg bg-red-soft px-3 py-2.5 text-note">
      <p className="flex gap-2">
        <span className="mt-px text-red">
          <WarningIcon size={16} />
        </span>
        <span className="min-w-0">
          <span className="font-strong">Not sent.</span> {explainRefusal(text.problem, date)}
        </span>
      </p>
      {stale && <Missed problem={text.problem} />}
      <div className="mt-2 flex flex-wrap justify-end gap-2">
        <Button size="sm" variant="quiet" onClick={() => outbox.remove(text.key)}>
          Discard
        </Button>
        <Button size="sm" onClick={edit}>
          Edit
        </Button>
        {stale && (
          <Button size="sm" variant="primary" onClick={() => outbox.sendAnyway(text.key)}>
            Send anyway
          </Button>
        )}
      </div>
    </div>
  );
}

/** Messages that came in before the text was sent. */
function Missed({ problem }: { problem: Problem | null }) {
  const { time } = useFormats();
  return (
    <ul className="mt-2 space-y-1 border-l-2 border-red pl-2.5">
      {problem?.missed?.map((message) => (
        <li key={message.id} className="[overflow-wrap:anywhere]">
          <span className="font-strong">{message.direction === "inbound" ? "They" : describeSender(message)}</span>{" "}
          <span className="text-ink-2 tabular">{time(message.created_at)}</span> <bdi>{message.body || "Picture"}</bdi>
        </li>
      ))}
    </ul>
  );
}
