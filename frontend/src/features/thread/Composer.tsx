import { useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef, type KeyboardEvent } from "react";

import { ComposerBlocked } from "./ComposerBlocked";
import { SendButtons, type SendLater } from "./SendButtons";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import { MOST_ITEMS } from "@/api/outbox-items";
import { may, ownerKey, useMe } from "@/api/session";
import { useTypingSignal } from "@/api/typing-signal";
import type { ConversationDetail } from "@/api/types";
import { arriveAtComposer, focusOpenRow } from "@/lib/composer-focus";
import { useDraft } from "@/lib/drafts";
import { explainOptIn } from "@/lib/optin";
import { draftFiles } from "@/ui/composer/attachments/draft-files";
import { MessageBox, readEnter, useWrittenText } from "@/ui/composer/MessageBox";
import { showToast } from "@/ui/Toast";

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
  const owner = ownerKey(useMe());
  const fillFor = useMemo(() => ({ conversation_id: conversationId }), [conversationId]);
  const text = useWrittenText({ owner, draftId: conversationId, draft, setDraft, limits: conversation, fillFor, box });
  const { body, attachments, replies } = text;
  // Before the thread has been shown, the API would take everything in it for missed.
  const isShown = conversation !== undefined && (seenSeq > 0 || conversation.last_seq === 0);
  const sendable = isShown && text.isSendable;
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
    if (text.isSendable && !isShown) want(how);
    if (!sendable || replies.holds(() => deliver(how))) return;
    deliver(how);
  };
  const sendWanted = useEffectEvent(() => {
    if (!wanted.current) return;
    const { how, lastSeq } = wanted.current;
    wanted.current = null;
    // The thread may know of it before the conversation's row does.
    const newest = Math.max(conversation?.last_seq ?? 0, seenSeq);
    if (lastSeq !== undefined && lastSeq !== newest) showToast("A text came in meanwhile. Read it, then send yours.");
    else send(how);
  });
  useEffect(() => {
    if (sendable) sendWanted();
  }, [sendable, body]);

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") {
      event.preventDefault();
      focusOpenRow();
      return;
    }
    const how = readEnter(event);
    if (how === null) return;
    event.preventDefault();
    if (how === "later") later.current?.open();
    else send({ close: how === "send_and_close" });
  };

  return (
    <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      <MessageBox
        text={text}
        draft={draft}
        boxRef={box}
        label="Message"
        placeholder="Write a text"
        notice={conversation?.notice ?? null}
        composerOf={conversationId}
        onChange={(written) => {
          wanted.current = null;
          setDraft(written);
          tellTyping(written);
        }}
        onKeyDown={onKeyDown}
      >
        <SendButtons
          sendable={sendable}
          later={later}
          onSend={(close) => send({ close })}
          onSendLater={(sendAt, onlyIfNothingNew) => send({ sendAt, onlyIfNothingNew })}
          onDone={() => box.current?.focus()}
        />
      </MessageBox>
    </div>
  );
}
