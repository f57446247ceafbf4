import { useLayoutEffect, useRef, type KeyboardEvent } from "react";

import { AttachButton, AttachmentTray } from "./attachments/AttachmentBar";
import { draftFiles } from "./attachments/draft-files";
import { useAttachments } from "./attachments/useAttachments";
import { ComposerBlocked } from "./ComposerBlocked";
import { SegmentCounter } from "./SegmentCounter";
import { useSavedReplies } from "./useSavedReplies";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import { MOST_ITEMS } from "@/api/outbox-items";
import { may, ownerKey, useMe } from "@/api/session";
import type { ConversationDetail } from "@/api/types";
import { useDraft } from "@/lib/drafts";
import { explainOptIn } from "@/lib/optin";
import { countSegments } from "@/lib/segments";
import { Button } from "@/ui/Button";
import { InfoIcon } from "@/ui/icons";
import { showToast } from "@/ui/Toast";

/** The API's own limit, in characters. */
const LONGEST_BODY = 1600;

interface ComposerProps {
  conversation: ConversationDetail;
  /** The last message this person has seen: an answer to something newer is refused and shown first. */
  seenSeq: number;
  onSent: () => void;
}

export function Composer({ conversation, seenSeq, onSent }: ComposerProps) {
  const me = useMe();
  const { date } = useFormats();
  const [draft, setDraft] = useDraft(ownerKey(me), conversation.id);

  if (!may(me, "mass_text")) {
    return (
      <ComposerBlocked draft={draft} title="You can read this conversation, but not answer it.">
        Sending needs the Mass Text permission. An administrator can give it to you.
      </ComposerBlocked>
    );
  }
  if (!conversation.opt_in_check.allowed) {
    return <ComposerBlocked draft={draft}>{explainOptIn(conversation.opt_in_check, date).sentence}</ComposerBlocked>;
  }
  return <ComposerBox conversation={conversation} seenSeq={seenSeq} draft={draft} setDraft={setDraft} onSent={onSent} />;
}

interface ComposerBoxProps extends ComposerProps {
  draft: string;
  setDraft: (text: string) => void;
}

function ComposerBox({ conversation, seenSeq, draft, setDraft, onSent }: ComposerBoxProps) {
  const outbox = useOutbox();
  const box = useRef<HTMLTextAreaElement>(null);
  const replies = useSavedReplies({ conversationId: conversation.id, draft, setDraft, box });
  const owner = ownerKey(useMe());
  const attachments = useAttachments(owner, conversation);
  const body = draft.trimEnd();
  const segments = countSegments(body);
  const excess = Array.from(body).length - LONGEST_BODY;
  const most = conversation.max_segments ?? Infinity;
  // A picture message is one part, however long its text.
  const fits = excess <= 0 && (attachments.isSendable || segments.segments <= most);
  const sendable = fits && (attachments.isSendable || (body.trim() !== "" && attachments.files.length === 0));

  // The box grows with its text.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [draft]);

  const send = (close: boolean) => {
    if (!sendable || replies.holds(() => deliver(close))) return;
    deliver(close);
  };
  const deliver = (close: boolean) => {
    const files = attachments.take();
    if (!outbox.sendText(conversation.id, { body, seenSeq, close, attachments: files })) {
      void draftFiles(owner, conversation.id).bringBack(files);
      showToast(`${MOST_ITEMS} texts are waiting to be sent already. Yours stays here until some have gone.`);
      return;
    }
    setDraft("");
    onSent();
    box.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (replies.onKeyDown(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send(event.ctrlKey || event.metaKey);
  };

  return (
    <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      {conversation.notice && (
        <p role="note" className="mb-2 flex gap-2 rounded-lg bg-amber-soft px-3 py-2 text-note">
          <span className="mt-px text-amber">
            <InfoIcon size={16} />
          </span>
          {conversation.notice}
        </p>
      )}
      {replies.above}
      <div className="rounded-xl border border-line bg-surface px-3 py-2.5 transition-[border-color,box-shadow] focus-within:border-accent focus-within:shadow-[0_0_0_3px_var(--accent-soft)]">
        <AttachmentTray attachments={attachments} />
        <textarea
          ref={box}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={attachments.onPaste}
          rows={2}
          dir="auto"
          aria-label="Message"
          aria-describedby="composer-counter"
          placeholder="Write a text"
          enterKeyHint="send"
          className="block max-h-48 w-full resize-none bg-transparent text-ink outline-none placeholder:text-ink-3 [@media(hover:none)]:text-title"
        />
        <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-2">
          {replies.button}
          <AttachButton attachments={attachments} />
          <SegmentCounter id="composer-counter" segments={segments} excess={excess} most={most} />
          <div className="ml-auto flex gap-2">
            <Button onClick={() => send(true)} disabled={!sendable}>
              Send and close
            </Button>
            <Button variant="primary" onClick={() => send(false)} disabled={!sendable}>
              Send
            </Button>
          </div>
        </div>
      </div>
    </div>
  );
}
