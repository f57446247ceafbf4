import type { ReactNode } from "react";

import { cx } from "@/lib/cx";

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="mt-9">
      <h2 className="border-b border-line pb-1.5 text-title font-heading">{title}</h2>
      <div className="mt-4 grid grid-cols-1 gap-x-8 gap-y-5 roomy:grid-cols-2">{children}</div>
    </section>
  );
}

/** A primitive in one state, under the state's name. */
export function Specimen({ state, wide = false, children }: { state: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={cx("min-w-0", wide && "col-span-full")}>
      <h3 className="mb-1.5 text-meta text-ink-2">{state}</h3>
      <div className="flex flex-wrap items-center gap-2.5">{children}</div>
    </div>
  );
}

/** For a primitive that fills its column. */
export function Filled({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cx("w-full min-w-0", className)}>{children}</div>;
}

/** A pane of its own, as high as it needs to be. */
export function Pane({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cx("flex w-full min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-surface", className)}>{children}</div>;
}
