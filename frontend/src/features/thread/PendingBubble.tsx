/** A text that the API has not accepted yet: on its way, waiting and for what, or refused with the reason and ways on. */
import { draftFiles } from "@/ui/composer/attachments/draft-files";
import { describeSender } from "./describe-message";
import { canSendAnyway, explainRefusal } from "./explain-refusal";
import { explainWaiting } from "./explain-waiting";
import { MessageText } from "./MessageText";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import type { PendingText, Refusal } from "@/api/outbox-items";
import { PROBLEM, type Problem } from "@/api/problem";
import { ownerKey, useMe } from "@/api/session";
import { returnToDraft } from "@/lib/drafts";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { ClockIcon, WarningIcon } from "@/ui/icons";
import { bubbleLook } from "@/ui/bubble";

function describeAttachments({ act: { text: { attachments = [] } } }: PendingText): string {
  return attachments.length === 0 ? "" : `with ${plural(attachments.length, "file")}`;
}

export function PendingBubble({ text }: { text: PendingText }) {
  const { time, timeWithSeconds, moment } = useFormats();
  const { state } = text;
  const { sendAt } = text.act.text;
  return (
    <article aria-label="Your message, not sent yet" className="mt-2 flex animate-rise flex-col items-end">
      <MessageText
        body={[text.act.text.body, describeAttachments(text)].filter(Boolean).join("\n")}
        className={bubbleLook({ tone: state.name === "refused" ? "failed" : "pending", outbound: true, ends: true })}
      />
      {state.name === "refused" ? (
        <Refused text={text} refusal={state.refusal} />
      ) : (
        <p role="status" className="mx-1.5 mt-1 mb-1 flex items-center gap-1 text-meta text-ink-3">
          <ClockIcon size={14} />
          {state.name === "sending" && (sendAt ? `Scheduling for ${moment(sendAt)}` : `Sending · ${time(text.createdAt)}`)}
          {state.name === "behind" && "Waits for the text above, which was not sent"}
          {state.name === "waiting" && explainWaiting(state, timeWithSeconds)}
        </p>
      )}
      {!text.stored && state.name !== "refused" && (
        <p className="mx-1.5 mb-1 text-meta text-red">This browser can't store it. Keep this tab open until it is sent.</p>
      )}
      {state.name === "behind" && <Behind text={text} />}
    </article>
  );
}

/** Takes the text out of the outbox and back into the composer, unless it has gone meanwhile. */
function useWaysBack(text: PendingText) {
  const me = useMe();
  const outbox = useOutbox();
  return {
    discard: () => void outbox.remove(text.key),
    edit: () =>
      void outbox.remove(text.key).then((removed) => {
        if (!removed) return;
        returnToDraft(ownerKey(me), text.conversationId, text.act.text.body);
        void draftFiles(ownerKey(me), text.conversationId).bringBack(text.act.text.attachments ?? []);
      }),
  };
}

function Behind({ text }: { text: PendingText }) {
  const outbox = useOutbox();
  const { discard, edit } = useWaysBack(text);
  return (
    <div className="mx-1.5 mb-1 flex flex-wrap justify-end gap-2">
      <Button size="sm" variant="quiet" onClick={discard}>
        Discard
      </Button>
      <Button size="sm" onClick={edit}>
        Edit
      </Button>
      <Button size="sm" onClick={() => void outbox.sendFirst(text.key)}>
        Send this one now
      </Button>
    </div>
  );
}

function Refused({ text, refusal }: { text: PendingText; refusal: Refusal }) {
  const outbox = useOutbox();
  const { date } = useFormats();
  const { discard, edit } = useWaysBack(text);
  const problem = refusal.reason === "problem" ? refusal.problem : null;
  const stale = problem?.type === PROBLEM.newMessages;

  return (
    <div role="alert" className="mt-1.5 mb-1 w-full max-w-[560px] rounded-lg bg-red-soft px-3 py-2.5 text-note">
      <p className="flex gap-2">
        <span className="mt-px text-red">
          <WarningIcon size={16} />
        </span>
        <span className="min-w-0">
          <span className="font-strong">{text.act.text.sendAt ? "Not scheduled." : "Not sent."}</span> {explainRefusal(refusal, date)}
        </span>
      </p>
      {stale && <Missed problem={problem} />}
      <div className="mt-2 flex flex-wrap justify-end gap-2">
        <Button size="sm" variant="quiet" onClick={discard}>
          Discard
        </Button>
        <Button size="sm" onClick={edit}>
          Edit
        </Button>
        {canSendAnyway(refusal) && (
          <Button size="sm" variant="primary" onClick={() => void outbox.sendAnyway(text.key)}>
            {stale ? "Send anyway" : "Send again"}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Messages that came in before the text was sent. */
function Missed({ problem }: { problem: Problem }) {
  const { time } = useFormats();
  return (
    <ul className="mt-2 space-y-1 border-l-2 border-red pl-2.5">
      {problem.missed?.map((message) => (
        <li key={message.id} className="[overflow-wrap:anywhere]">
          <span className="font-strong">{message.direction === "inbound" ? "They" : describeSender(message)}</span>{" "}
          <span className="text-ink-2 tabular">{time(message.created_at)}</span> <bdi>{message.body || "Picture"}</bdi>
        </li>
      ))}
    </ul>
  );
}
