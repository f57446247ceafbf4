import type { ReactNode } from "react";

/** One way to say who: its name, and what says it. */
export function AudiencePart({ label, hint, action, children }: { label: string; hint: string; action: ReactNode; children?: ReactNode }) {
  return (
    <div role="group" aria-label={label} className="px-4 py-2.5">
      <div className="flex items-center gap-3">
        <p className="min-w-0 flex-1">
          <span className="mr-2 font-strong">{label}</span>
          <span className="text-note text-ink-2">{hint}</span>
        </p>
        {action}
      </div>
      {children}
    </div>
  );
}

/** Something chosen, with a way to take it off. */
export function Chip({ label, onRemove, children }: { label: string; onRemove: () => void; children: ReactNode }) {
  return (
    <span className="inline-flex max-w-full items-center rounded-md border border-line bg-surface text-note">
      <span className="min-w-0 truncate py-1 pl-2.5"><bdi>{children}</bdi></span>
      <button type="button" aria-label={label} title={label} onClick={onRemove} className="inline-grid size-7 shrink-0 place-items-center rounded-md text-ink-2 target hover:bg-sunken hover:text-ink">
        <span aria-hidden="true">×</span>
      </button>
    </span>
  );
}
