import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { BackIcon } from "@/ui/icons";

/** The head of one mass text. The buttons are the children. */
export function PageHead({ title, tag, children }: { title: string; tag: ReactNode; children?: ReactNode }) {
  return (
    <header className="border-b border-line">
      <div className="mx-auto max-w-[1080px] px-4 pt-3 pb-3.5">
        <Link to="/mass-texts" className="-ml-1 inline-flex items-center gap-1 rounded-sm text-note target text-ink-2 hover:text-ink print:hidden">
          <BackIcon size={16} />
          Mass texts
        </Link>
        <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2">
          <h1 className="flex min-w-0 flex-1 items-center gap-2 text-page font-heading max-desk:min-w-[55%]">
            <bdi className="[overflow-wrap:anywhere] line-clamp-2">{title}</bdi>
            {tag}
          </h1>
          <div className="flex flex-wrap gap-2 empty:hidden print:hidden">{children}</div>
        </div>
      </div>
    </header>
  );
}
