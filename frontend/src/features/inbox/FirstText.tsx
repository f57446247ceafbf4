/** The first text to a number. It goes through the outbox, and its answer names the conversation that it has started. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useMemo, useRef, useState } from "react";

import { describeFirstText, saysFirstText } from "./describe-first-text";
import { useFormats } from "@/api/format";
import { lineLabelsQuery } from "@/api/line-labels";
import { optInChecksQuery } from "@/api/opt-ins";
import { useOutbox, usePendingFirstTexts } from "@/api/outbox-context";
import { conversationOfFirstText } from "@/api/outbox-items";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { recipientQuery, type Recipient } from "@/api/recipients";
import { ownerKey, useMe } from "@/api/session";
import { useDraft } from "@/lib/drafts";
import { explainOptIn } from "@/lib/optin";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { draftFiles } from "@/ui/composer/attachments/draft-files";
import { MessageBox, readEnter, useWrittenText } from "@/ui/composer/MessageBox";
import { DialogFoot } from "@/ui/Dialog";
import { ClockIcon, WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

const LINK = "font-strong text-accent underline underline-offset-2";

const REASONS: Record<Recipient["line_reason"], string> = {
  chosen: "You chose it.",
  conversation: "Your last texts with this number were on it.",
  country_default: "It is the usual line for this country.",
  default: "It is the usual line.",
  country: "It is a line of this country.",
  oldest: "It is the first line of the business.",
};

interface FirstTextProps {
  recipient: Recipient;
  onOpen: (conversationId: string) => void;
  onBack: () => void;
  onClose: () => void;
}

export default function FirstText({ recipient, onOpen, onBack, onClose }: FirstTextProps) {
  const [lineId, setLineId] = useState(recipient.line_reason === "chosen" ? recipient.line.id : undefined);
  const { data: onLine } = useQuery({ ...recipientQuery(recipient.phone_number, lineId), enabled: lineId !== undefined && lineId !== recipient.line.id });
  const current = lineId !== undefined && lineId !== recipient.line.id ? onLine && { ...recipient, ...pickLine(onLine) } : recipient;
  const { phone } = useFormats();
  const { owner_name, contact_name, phone_number } = recipient;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-baseline gap-2">
        <span className="w-10 shrink-0 text-note text-ink-2">To</span>
        <p className="min-w-0 flex-1">
          <bdi className="font-strong">{contact_name ?? owner_name ?? phone(phone_number)}</bdi>
          {owner_name && <span className="text-ink-2"> · {contact_name ? `${owner_name} · ` : ""}{phone(phone_number)}</span>}
        </p>
        <Button size="sm" variant="quiet" onClick={onBack}>
          Change
        </Button>
      </div>
      <From recipient={recipient} lineId={lineId} reason={current?.line_reason} onChange={setLineId} />
      {current && (current.check.allowed ? <Writing key={current.line.id} recipient={current} lineId={lineId} onOpen={onOpen} onClose={onClose} /> : <NotAllowed recipient={current} />)}
    </div>
  );
}

function pickLine({ check, line, line_reason, notice, max_segments, max_attachments, max_attachment_bytes }: Recipient) {
  return { check, line, line_reason, notice, max_segments, max_attachments, max_attachment_bytes };
}

interface FromProps {
  recipient: Recipient;
  lineId: string | undefined;
  reason: Recipient["line_reason"] | undefined;
  onChange: (lineId: string) => void;
}

/** LINE-CHOICE: the line, why it is that one, and the others where there are several. */
function From({ recipient, lineId, reason, onChange }: FromProps) {
  const id = useId();
  const { data: lines = {} } = useQuery(lineLabelsQuery);
  const labels = Object.entries(lines);
  if (labels.length < 2) return null;
  return (
    <div className="flex items-baseline gap-2">
      <label htmlFor={id} className="w-10 shrink-0 text-note text-ink-2">
        From
      </label>
      <div className="min-w-0 flex-1">
        <select
          id={id}
          value={lineId ?? recipient.line.id}
          onChange={(event) => onChange(event.target.value)}
          className="h-8 w-full rounded-md border border-edge bg-surface px-2 text-ink max-desk:h-[44px] [@media(hover:none)]:text-title"
        >
          {labels.map(([line, label]) => (
            <option key={line} value={line}>{label}</option>
          ))}
        </select>
        {reason && <p className="mt-1 text-note text-ink-2">{REASONS[reason]}</p>}
      </div>
    </div>
  );
}

/** Why the number can't be texted, with the records that block it. */
function NotAllowed({ recipient }: { recipient: Recipient }) {
  const { data: checks } = useQuery(optInChecksQuery([recipient.phone_number]));
  const blocking = checks?.[0]?.instances.filter(({ blocks }) => blocks) ?? [];
  const owners = [...new Map(blocking.flatMap((each) => (each.owner_id === null ? [] : [[each.owner_id, each] as const])))];
  return (
    <Notice tone="bad" role="alert" icon={<WarningIcon size={18} />}>
      {recipient.check.detail}
      {owners.map(([owner_id, { owner_name, kind }]) => (
        <span key={owner_id} className="mt-1 block">
          {kind === "family" ? (
            <Link to="/families/$familyId" params={{ familyId: owner_id }} search={{ tab: "communication" }} className={LINK}>
              Open {owner_name}
            </Link>
          ) : (
            <Link to="/staff/$staffMemberId" params={{ staffMemberId: owner_id }} search={{ tab: "communication" }} className={LINK}>
              Open {owner_name}
            </Link>
          )}
        </span>
      ))}
    </Notice>
  );
}

interface WritingProps {
  recipient: Recipient;
  lineId: string | undefined;
  onOpen: (conversationId: string) => void;
  onClose: () => void;
}

function Writing({ recipient, lineId, onOpen, onClose }: WritingProps) {
  const { date, timeWithSeconds } = useFormats();
  const outbox = useOutbox();
  const owner = ownerKey(useMe());
  const box = useRef<HTMLTextAreaElement>(null);
  const { phone_number } = recipient;
  const key = conversationOfFirstText(phone_number);
  const [draft, setDraft] = useDraft(owner, key);
  const fillFor = useMemo(() => ({ phone_number }), [phone_number]);
  const text = useWrittenText({ owner, draftId: key, draft, setDraft, limits: recipient, fillFor, box });
  const { body, attachments, replies } = text;
  const [error, setError] = useState<unknown>(null);
  const pending = usePendingFirstTexts().findLast((item) => item.conversationId === key && item.state.name !== "refused");
  const isSendable = text.isSendable && !pending;

  const send = () => {
    if (isSendable && !replies.holds(() => void deliver())) void deliver();
  };
  const deliver = async () => {
    setError(null);
    const files = attachments.take();
    try {
      const sent = outbox.perform(key, { kind: "first", phoneNumber: phone_number, lineId: lineId ?? null, body, attachments: files });
      setDraft("");
      const message = await sent;
      if (message) onOpen(message.conversation_id);
      else onClose();
    } catch (failure) {
      setDraft(draft);
      void draftFiles(owner, key).bringBack(files);
      setError(failure);
    }
  };
  const check = isProblem(error, PROBLEM.notAllowedToText) ? error.problem.check : undefined;

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {pending ? (
        <Notice tone={pending.state.name === "waiting" ? "warn" : "neutral"} icon={pending.state.name === "waiting" ? <ClockIcon size={18} /> : <Spinner />}>
          <span className="block [overflow-wrap:anywhere] whitespace-pre-wrap text-ink">“{saysFirstText(pending.act)}”</span>
          {describeFirstText(pending.state, timeWithSeconds)}
          {pending.state.name === "waiting" && " You can close this window."}
        </Notice>
      ) : (
        <MessageBox
          text={text}
          draft={draft}
          boxRef={box}
          label="First message"
          placeholder="Write the first text. The conversation starts with it."
          notice={recipient.notice}
          takesFocus
          onChange={setDraft}
          onKeyDown={(event) => {
            if (readEnter(event) !== "send") return;
            event.preventDefault();
            send();
          }}
        >
          {null}
        </MessageBox>
      )}
      {error !== null && (
        <Notice tone="bad" role="alert" icon={<WarningIcon size={18} />} className="mt-2">
          Not sent. {check ? explainOptIn(check, date).sentence : describeError(error)}
        </Notice>
      )}
      <DialogFoot>
        <Button onClick={onClose}>{pending ? "Close" : "Cancel"}</Button>
        {!pending && (
          <Button type="submit" variant="primary" disabled={!isSendable}>
            Send
          </Button>
        )}
      </DialogFoot>
    </form>
  );
}
