import type { ComponentProps } from "react";

import { Kbd } from "./bits";
import { SearchIcon } from "./icons";
import { cx } from "@/lib/cx";

/** A search box that "/" jumps to (see `useHotkeys`). */
export function SearchField({ label, shortcut, className, ...props }: ComponentProps<"input"> & { label: string; shortcut?: string }) {
  return (
    <div
      className={cx(
        "flex h-9 items-center gap-2 rounded-md bg-sunken max-desk:h-[44px] px-2.5 text-ink-3 focus-within:outline-2 focus-within:outline-accent",
        className,
      )}
    >
      <SearchIcon size={16} />
      <input
        type="search"
        aria-label={label}
        data-hotkey-search=""
        placeholder={label}
        className="h-full min-w-0 flex-1 bg-transparent text-ink outline-none placeholder:text-ink-3 [@media(hover:none)]:text-title"
        {...props}
      />
      {shortcut && (
        <span className="flex max-desk:hidden">
          <Kbd>{shortcut}</Kbd>
        </span>
      )}
    </div>
  );
}
