/** The two sides of the composer: a text to the family, a note to colleagues. Each has its own draft. */
import { lazy, Suspense, useId, useState, type KeyboardEvent, type ReactNode } from "react";
import { flushSync } from "react-dom";

import { ownerKey, useMe } from "@/api/session";
import { focusComposer, focusedOtherRow } from "@/lib/composer-focus";
import { cx } from "@/lib/cx";
import { useDraft } from "@/lib/drafts";
import { useShortcuts } from "@/lib/shortcuts";
import { ShortcutTip } from "@/ui/ShortcutTip";

const NoteComposer = lazy(() => import("./NoteComposer"));

interface ComposerModesProps {
  conversationId: string;
  /** Called once a note stands in the thread. */
  onAdded: () => void;
  /** The composer of texts. */
  children: ReactNode;
}

export function ComposerModes({ conversationId, onAdded, children }: ComposerModesProps) {
  const id = useId();
  const [isNote, setNote] = useState(false);
  const owner = ownerKey(useMe());
  const [textDraft] = useDraft(owner, conversationId);
  const [draft] = useDraft(owner, `note:${conversationId}`);
  // An answer is a text, also while a note stands in its place. In another row, the key opens that one.
  const answer = () => {
    const other = focusedOtherRow();
    if (other) {
      other.click();
      return;
    }
    flushSync(() => setNote(false));
    focusComposer(conversationId);
  };
  useShortcuts({ note: () => setNote(true), ...(isNote && { reply: answer }) });

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const next = !isNote;
    setNote(next);
    document.getElementById(`${id}-${next ? "note" : "text"}`)?.focus();
  };
  const tab = (note: boolean, label: string, hasDraft: boolean) => (
    <button
      id={`${id}-${note ? "note" : "text"}`}
      type="button"
      role="tab"
      aria-selected={isNote === note}
      aria-controls={`${id}-panel`}
      tabIndex={isNote === note ? 0 : -1}
      onClick={() => setNote(note)}
      className={cx(
        "target rounded-t-md px-2.5 py-1 text-note font-strong",
        isNote !== note ? "text-ink-2 hover:text-ink" : note ? "bg-amber-soft text-amber" : "bg-sunken text-ink",
      )}
    >
      {label}
      {hasDraft && isNote !== note && <span className="text-ink-3"> · draft</span>}
    </button>
  );

  return (
    <div>
      {/* The arrows move between the tabs. */}
      <div role="tablist" tabIndex={-1} aria-label="What you write" className="flex gap-1 px-3 outline-none desk:px-5" onKeyDown={onKeyDown}>
        {tab(false, "Text", textDraft.trim() !== "")}
        <ShortcutTip label="Note to colleagues, from the list" name="note">
          {tab(true, "Note", draft.trim() !== "")}
        </ShortcutTip>
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-label={isNote ? "Note" : "Text"}>
        {isNote ? (
          <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
            <Suspense fallback={<div className="h-[116px] rounded-xl rounded-tl-none bg-amber-soft" />}>
              <NoteComposer conversationId={conversationId} onAdded={onAdded} />
            </Suspense>
          </div>
        ) : (
          children
        )}
      </div>
    </div>
  );
}
