import type { ReactNode } from "react";

import { LockIcon } from "@/ui/icons";

/** Replaces the composer when sending is not allowed, and says why. A draft is kept and shown. */
export function ComposerBlocked({ title, draft, children }: { title?: string; draft: string; children: ReactNode }) {
  return (
    <div className="px-3 pb-[calc(12px+env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      <div role="note" aria-label="Why you can't send" className="flex gap-3 rounded-xl border border-line bg-sunken px-4 py-3">
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
