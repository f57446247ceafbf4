import { useEffectEvent, useLayoutEffect, useRef, type ReactNode } from "react";

import { arriveAtComposer } from "@/lib/composer-focus";
import { LockIcon } from "@/ui/icons";

interface ComposerBlockedProps {
  conversationId: string;
  title?: string;
  draft: string;
  children: ReactNode;
}

/** Replaces the composer when sending is not allowed, and says why. A draft is kept and shown. */
export function ComposerBlocked({ conversationId, title, draft, children }: ComposerBlockedProps) {
  const note = useRef<HTMLDivElement>(null);
  // FOCUS: typing goes on, so the focus leaves the list, whose keys act.
  const arrive = useEffectEvent(() => {
    if (arriveAtComposer(conversationId) !== null || document.activeElement === document.body) note.current?.focus();
  });
  useLayoutEffect(() => arrive(), []);
  return (
    <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      <div ref={note} tabIndex={-1} role="note" aria-label="Why you can't send" className="flex gap-3 rounded-xl border border-line bg-sunken -outline-offset-2 px-4 py-3">
        <span className="mt-px text-ink-3">
          <LockIcon size={18} />
        </span>
        <div className="min-w-0">
          {title && <p className="font-strong">{title}</p>}
          <p className={title ? "text-ink-2" : undefined}>{children}</p>
          {draft.trim() !== "" && (
            <p className="mt-2 border-l-2 border-line pl-2.5 text-note whitespace-pre-wrap text-ink-2 [overflow-wrap:anywhere]">
              <span className="font-strong">Your draft is kept:</span> {draft}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}
