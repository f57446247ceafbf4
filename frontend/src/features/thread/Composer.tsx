import { useEffect, useEffectEvent, useLayoutEffect, useRef, type KeyboardEvent } from "react";

import { AttachButton, AttachmentTray } from "./attachments/AttachmentBar";
import { draftFiles } from "./attachments/draft-files";
import { useAttachments } from "./attachments/useAttachments";
import { ComposerBlocked } from "./ComposerBlocked";
import { SegmentCounter } from "./SegmentCounter";
import { SendButtons, type SendLater } from "./SendButtons";
import { useSavedReplies } from "./useSavedReplies";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import { MOST_ITEMS } from "@/api/outbox-items";
import { may, ownerKey, useMe } from "@/api/session";
import { useTypingSignal } from "@/api/typing-signal";
import type { ConversationDetail } from "@/api/types";
import { arriveAtComposer, focusOpenRow } from "@/lib/composer-focus";
import { useDraft } from "@/lib/drafts";
import { COARSE, useMedia } from "@/lib/media";
import { explainOptIn } from "@/lib/optin";
import { countSegments } from "@/lib/segments";
import { InfoIcon } from "@/ui/icons";
import { showToast } from "@/ui/Toast";

/** The API's own limit, in characters. */
const LONGEST_BODY = 1600;

interface ComposerProps {
  conversationId: string;
  /** Undefined while it is loading: what is typed meanwhile is a draft. */
  conversation: ConversationDetail | undefined;
  /** The last message this person has seen: an answer to something newer is refused and shown first. */
  seenSeq: number;
  onSent: () => void;
}

export function Composer({ conversationId, conversation, seenSeq, onSent }: ComposerProps) {
  const me = useMe();
  const { date } = useFormats();
  const [draft, setDraft] = useDraft(ownerKey(me), conversationId);

  if (!may(me, "mass_text")) {
    return (
      <ComposerBlocked conversationId={conversationId} draft={draft} title="You can read this conversation, but not answer it.">
        Sending needs the Mass Text permission. An administrator can give it to you.
      </ComposerBlocked>
    );
  }
  if (conversation && !conversation.opt_in_check.allowed) {
    return (
      <ComposerBlocked conversationId={conversationId} draft={draft}>
        {explainOptIn(conversation.opt_in_check, date).sentence}
      </ComposerBlocked>
    );
  }
  return (
    <ComposerBox
      conversationId={conversationId}
      conversation={conversation}
      seenSeq={seenSeq}
      draft={draft}
      setDraft={setDraft}
      onSent={onSent}
    />
  );
}

/** How a text goes: at once, with the conversation closed after it, or later. */
interface Delivery {
  close?: boolean;
  sendAt?: string;
  onlyIfNothingNew?: boolean;
}

interface ComposerBoxProps extends ComposerProps {
  draft: string;
  setDraft: (text: string) => void;
}

function ComposerBox({ conversationId, conversation, seenSeq, draft, setDraft, onSent }: ComposerBoxProps) {
  const outbox = useOutbox();
  const box = useRef<HTMLTextAreaElement>(null);
  const later = useRef<SendLater>(null);
  const tellTyping = useTypingSignal(conversationId);
  const replies = useSavedReplies({ conversationId, draft, setDraft, box });
  const owner = ownerKey(useMe());
  // Until the conversation is loaded nothing is refused here; the API has the last word.
  const { max_attachments = Infinity, max_attachment_bytes = Infinity } = conversation ?? {};
  const attachments = useAttachments(owner, { id: conversationId, max_attachments, max_attachment_bytes });
  const body = draft.trimEnd();
  const segments = countSegments(body);
  const excess = Array.from(body).length - LONGEST_BODY;
  const most = conversation?.max_segments ?? Infinity;
  const hasPhoneKeyboard = useMedia(COARSE);
  // A picture message is one part, however long its text.
  const fits = excess <= 0 && (attachments.isSendable || segments.segments <= most);
  // Before the thread has been shown, the API would take everything in it for missed.
  const isShown = conversation !== undefined && (seenSeq > 0 || conversation.last_seq === 0);
  const isWhole = fits && (attachments.isSendable || (body.trim() !== "" && attachments.files.length === 0));
  const sendable = isShown && isWhole;
  /** How a text goes whose Enter came before the thread was shown. Typing on takes that back. */
  const wanted = useRef<{ how: Delivery; lastSeq: number | undefined } | null>(null);
  const want = (how: Delivery) => (wanted.current = { how, lastSeq: conversation?.last_seq });

  // FOCUS: it opened by a click or Enter, and something may have been typed on the way.
  const arrive = useEffectEvent(() => {
    const typed = arriveAtComposer(conversationId);
    if (typed === null) return;
    if (typed !== "") setDraft(draft + typed.trimEnd());
    if (typed.trim() !== "" && typed.endsWith("\n")) want({});
    box.current?.focus();
  });
  useLayoutEffect(() => arrive(), []);

  // The box grows with its text.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [draft]);

  const deliver = (how: Delivery) => {
    const files = attachments.take();
    if (!outbox.sendText(conversationId, { body, seenSeq, close: false, attachments: files, ...how })) {
      void draftFiles(owner, conversationId).bringBack(files);
      showToast(`${MOST_ITEMS} texts are waiting to be sent already. Yours stays here until some have gone.`);
      return;
    }
    setDraft("");
    onSent();
    box.current?.focus();
  };
  const send = (how: Delivery) => {
    if (isWhole && !isShown) want(how);
    if (!sendable || replies.holds(() => deliver(how))) return;
    deliver(how);
  };
  const sendWanted = useEffectEvent(() => {
    if (!wanted.current) return;
    const { how, lastSeq } = wanted.current;
    wanted.current = null;
    if (lastSeq !== undefined && lastSeq !== conversation?.last_seq) showToast("A text came in meanwhile. Read it, then send yours.");
    else send(how);
  });
  useEffect(() => {
    if (sendable) sendWanted();
  }, [sendable, body]);

  const mayWait = () => {
    if (attachments.files.length > 0) showToast("Files can't be scheduled. Send them now, or take them off.");
    return attachments.files.length === 0;
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (replies.onKeyDown(event)) return;
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      focusOpenRow();
      return;
    }
    const held = event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || (event.shiftKey && !held)) return;
    // A phone's keyboard has one Return and no Shift+Return: it makes a new line, and the button sends.
    if (hasPhoneKeyboard && !held) return;
    event.preventDefault();
    if (event.shiftKey) later.current?.open();
    else send({ close: held });
  };

  return (
    <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      {conversation?.notice && (
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
          onChange={(event) => {
            wanted.current = null;
            setDraft(event.target.value);
            tellTyping(event.target.value);
          }}
          onKeyDown={onKeyDown}
          onPaste={attachments.onPaste}
          rows={2}
          dir="auto"
          aria-label="Message"
          aria-describedby="composer-counter"
          placeholder="Write a text"
          enterKeyHint={hasPhoneKeyboard ? "enter" : "send"}
          data-composer={conversationId}
          className="block max-h-48 w-full resize-none bg-transparent text-ink outline-none placeholder:text-ink-3 [@media(hover:none)]:text-title"
        />
        <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-2">
          {replies.button}
          <AttachButton attachments={attachments} />
          <SegmentCounter id="composer-counter" segments={segments} excess={excess} most={most} />
          <SendButtons
            sendable={sendable}
            later={later}
            onSend={(close) => send({ close })}
            mayWait={mayWait}
            onSendLater={(sendAt, onlyIfNothingNew) => send({ sendAt, onlyIfNothingNew })}
            onDone={() => box.current?.focus()}
          />
        </div>
      </div>
    </div>
  );
}
