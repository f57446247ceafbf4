import type { ReactNode } from "react";

/** A list of what happened, joined by a thin line. */
export function Steps({ children }: { children: ReactNode }) {
  return <ol className="text-note text-ink-2">{children}</ol>;
}

export function Step({ when, children }: { when: string; children: ReactNode }) {
  return (
    <li className="relative border-l border-line pb-2.5 pl-3.5 last:border-transparent last:pb-0 before:absolute before:top-1.5 before:-left-[3.5px] before:size-1.5 before:rounded-full before:bg-ink-3">
      <div>{children}</div>
      <div className="tabular">{when}</div>
    </li>
  );
}
