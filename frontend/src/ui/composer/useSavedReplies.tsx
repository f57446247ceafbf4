/**
 * Saved replies in the composer: `/` at its start, or the button, opens them. A picked reply is filled in for the conversation;
 * Tab goes through the fields that are left, and a text that still has one is not sent unasked.
 */
import { lazy, Suspense, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";

import type { FillFor } from "@/api/saved-replies";
import { findUnfilled } from "@/lib/reply-fields";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/states";

const SavedRepliesPanel = lazy(() => import("./SavedRepliesPanel"));

interface Composer {
  fillFor: FillFor;
  draft: string;
  setDraft: (text: string) => void;
  box: RefObject<HTMLTextAreaElement | null>;
}

interface SavedReplies {
  /** Stands above the text box. */
  above: ReactNode;
  button: ReactNode;
  /** Whether it took the key. */
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => boolean;
  /** Whether the text is held because a field is not filled in; then somebody is asked, and `send` is what they may choose. */
  holds: (send: () => void) => boolean;
}

export function useSavedReplies({ fillFor, draft, setDraft, box }: Composer): SavedReplies {
  const [isOpen, setOpen] = useState(false);
  const [held, setHeld] = useState<{ draft: string; send: () => void } | null>(null);
  const inserted = useRef<{ start: number; end: number } | null>(null);

  const selectUnfilled = (from: number): boolean => {
    const next = findUnfilled(box.current?.value ?? "").find(({ start }) => start >= from);
    if (!next || !box.current) return false;
    box.current.focus();
    box.current.setSelectionRange(next.start, next.end);
    return true;
  };
  useLayoutEffect(() => {
    const at = inserted.current;
    if (!at || !box.current) return;
    inserted.current = null;
    box.current.focus();
    const next = findUnfilled(draft).find(({ start, end }) => start >= at.start && end <= at.end);
    box.current.setSelectionRange(next?.start ?? at.end, next?.end ?? at.end);
  }, [draft, box]);

  const close = () => {
    setOpen(false);
    box.current?.focus();
  };
  const insert = (text: string) => {
    const { selectionStart, selectionEnd } = box.current ?? { selectionStart: draft.length, selectionEnd: draft.length };
    inserted.current = { start: selectionStart, end: selectionStart + text.length };
    setDraft(draft.slice(0, selectionStart) + text + draft.slice(selectionEnd));
    setOpen(false);
  };

  const isHeld = held?.draft === draft;
  return {
    onKeyDown: (event) => {
      if (event.nativeEvent.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
      const opens = event.key === "/" && draft === "";
      const advances = event.key === "Tab" && !event.shiftKey && selectUnfilled(event.currentTarget.selectionEnd);
      if (opens) setOpen(true);
      if (opens || advances) event.preventDefault();
      return opens || advances;
    },
    holds: (send) => {
      if (findUnfilled(draft).length === 0) return false;
      setHeld({ draft, send });
      return true;
    },
    above: (
      <>
        {isOpen && (
          <Suspense fallback={null}>
            <SavedRepliesPanel fillFor={fillFor} onInsert={insert} onClose={close} />
          </Suspense>
        )}
        {isHeld && (
          <Notice tone="warn" role="alert" className="mb-2">
            <span className="block">{findUnfilled(draft)[0]?.field} is not filled in.</span>
            <span className="mt-2 flex flex-wrap gap-2">
              <Button size="sm" onClick={() => selectUnfilled(0)}>
                Fill it in
              </Button>
              <Button size="sm" onClick={() => { setHeld(null); held.send(); }}>
                Send it as it is
              </Button>
            </span>
          </Notice>
        )}
      </>
    ),
    button: (
      <Button variant="quiet" className="-ml-2.5" aria-expanded={isOpen} title="Saved replies (/)" onClick={() => (isOpen ? close() : setOpen(true))}>
        Saved replies
      </Button>
    ),
  };
}
