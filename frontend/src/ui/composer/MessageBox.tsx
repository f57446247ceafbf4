/**
 * The box that a text is written in, with its files, saved replies and length. The composer of a conversation and the first
 * text to a number are this one.
 */
import { useId, useLayoutEffect, type ChangeEvent, type KeyboardEvent, type ReactNode, type RefObject } from "react";

import { AttachButton, AttachmentTray } from "./attachments/AttachmentBar";
import { useAttachments, type Attachments } from "./attachments/useAttachments";
import { SegmentCounter } from "./SegmentCounter";
import { useSavedReplies } from "./useSavedReplies";
import type { FillFor } from "@/api/saved-replies";
import { COARSE, useMedia } from "@/lib/media";
import { countSegments, type Segments } from "@/lib/segments";
import { InfoIcon } from "@/ui/icons";

/** The API's own limit, in characters. */
const LONGEST_BODY = 1600;

/** What a line takes of one text. Until it is known nothing is refused here; the API has the last word. */
export interface TextLimits {
  max_segments: number | null;
  max_attachments: number;
  max_attachment_bytes: number;
}

interface Written {
  owner: string;
  /** Of the conversation, or what stands for one that is not there yet. */
  draftId: string;
  draft: string;
  setDraft: (text: string) => void;
  limits: TextLimits | undefined;
  /** For whom saved replies are filled in. */
  fillFor: FillFor;
  box: RefObject<HTMLTextAreaElement | null>;
}

export interface WrittenText {
  body: string;
  attachments: Attachments;
  replies: ReturnType<typeof useSavedReplies>;
  segments: Segments;
  /** Characters beyond the product's limit. */
  excess: number;
  most: number;
  /** It says something, and the line takes it. */
  isSendable: boolean;
}

export function useWrittenText({ owner, draftId, draft, setDraft, limits, fillFor, box }: Written): WrittenText {
  const { max_attachments = Infinity, max_attachment_bytes = Infinity } = limits ?? {};
  const attachments = useAttachments(owner, { id: draftId, max_attachments, max_attachment_bytes });
  const replies = useSavedReplies({ fillFor, draft, setDraft, box });
  const body = draft.trimEnd();
  const segments = countSegments(body);
  const excess = Array.from(body).length - LONGEST_BODY;
  const most = limits?.max_segments ?? Infinity;
  // A picture message is one part, however long its text.
  const fits = excess <= 0 && (attachments.isSendable || segments.segments <= most);
  const isSendable = fits && (attachments.isSendable || (body.trim() !== "" && attachments.files.length === 0));
  return { body, attachments, replies, segments, excess, most, isSendable };
}

interface MessageBoxProps {
  text: WrittenText;
  draft: string;
  boxRef: RefObject<HTMLTextAreaElement | null>;
  label: string;
  placeholder: string;
  /** What is told before a text to this number (NZ-NOTICE). */
  notice: string | null;
  onChange: (text: string) => void;
  /** A key that the saved replies do not take. */
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
  /** Marks the box as the composer of a conversation. */
  composerOf?: string;
  takesFocus?: boolean;
  /** The buttons that send. */
  children: ReactNode;
}

export function MessageBox({ text, draft, boxRef, label, placeholder, notice, onChange, onKeyDown, composerOf, takesFocus = false, children }: MessageBoxProps) {
  const { attachments, replies, segments, excess, most } = text;
  const hasPhoneKeyboard = useMedia(COARSE);
  const counter = useId();

  // The box grows with its text.
  useLayoutEffect(() => {
    const element = boxRef.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [draft, boxRef]);

  return (
    <>
      {notice !== null && (
        <p role="note" className="mb-2 flex gap-2 rounded-lg bg-amber-soft px-3 py-2 text-note">
          <span className="mt-px text-amber">
            <InfoIcon size={16} />
          </span>
          {notice}
        </p>
      )}
      {replies.above}
      <div className="rounded-xl border border-line bg-surface px-3 py-2.5 transition-[border-color,box-shadow] focus-within:border-accent focus-within:shadow-[0_0_0_3px_var(--accent-soft)]">
        <AttachmentTray attachments={attachments} />
        <textarea
          ref={boxRef}
          value={draft}
          onChange={(event: ChangeEvent<HTMLTextAreaElement>) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (!replies.onKeyDown(event) && !event.nativeEvent.isComposing) onKeyDown(event);
          }}
          onPaste={attachments.onPaste}
          rows={2}
          // A window that is there for this box gives it the focus.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus={takesFocus}
          dir="auto"
          aria-label={label}
          aria-describedby={counter}
          placeholder={placeholder}
          enterKeyHint={hasPhoneKeyboard ? "enter" : "send"}
          data-composer={composerOf}
          className="block max-h-48 w-full resize-none bg-transparent text-ink outline-none placeholder:text-ink-3 [@media(hover:none)]:text-title"
        />
        <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-2">
          {replies.button}
          <AttachButton attachments={attachments} />
          <SegmentCounter id={counter} segments={segments} excess={excess} most={most} />
          {children}
        </div>
      </div>
    </>
  );
}

/** What Enter means in the box: to send, to send in another way, or nothing. */
export function readEnter(event: KeyboardEvent<HTMLTextAreaElement>): "send" | "send_and_close" | "later" | null {
  const held = event.ctrlKey || event.metaKey;
  if (event.key !== "Enter" || (event.shiftKey && !held)) return null;
  // A phone's keyboard has one Return and no Shift+Return: it makes a new line, and the button sends.
  if (window.matchMedia(COARSE).matches && !held) return null;
  if (event.shiftKey) return "later";
  return held ? "send_and_close" : "send";
}
