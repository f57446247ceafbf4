/** Small shared components. */
import type { ReactNode } from "react";

import { cx } from "@/lib/cx";
import { capped, initials } from "@/lib/text";

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd
      aria-hidden="true"
      className="rounded-sm border border-line bg-surface px-1.5 font-sans text-meta font-medium text-ink-3 [@media(hover:none)]:hidden"
    >
      {children}
    </kbd>
  );
}

type Tone = "neutral" | "good" | "bad" | "warn";

const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-ink-2",
  good: "bg-accent-soft text-accent",
  bad: "bg-red-soft text-red",
  warn: "bg-amber-soft text-amber",
};

export function Tag({ tone = "neutral", children, className }: { tone?: Tone; children: ReactNode; className?: string }) {
  return (
    <span className={cx("inline-block rounded-sm px-1.5 text-meta leading-[18px] font-strong whitespace-nowrap", TONES[tone], className)}>
      {children}
    </span>
  );
}

const AVATAR_SIZES = { md: "size-9 text-note", sm: "size-8 text-meta", xs: "-my-1 -ml-1.5 size-6 text-meta" };

/** The initials of a name on a quiet disc. Decoration: the name stands beside it. */
export function Avatar({ name, size = "md", className }: { name: string; size?: keyof typeof AVATAR_SIZES; className?: string }) {
  return (
    <span
      aria-hidden="true"
      data-initials={initials(name)}
      className={cx(
        "inline-grid before:content-[attr(data-initials)] shrink-0 place-items-center rounded-full bg-sunken font-semibold text-ink-2 select-none",
        AVATAR_SIZES[size],
        className,
      )}
    />
  );
}

/** A round figure. Red needs attention, gray is work in progress; zero shows nothing. */
export function CountBadge({ count, tone, className }: { count: number; tone: "red" | "gray"; className?: string }) {
  if (count <= 0) return null;
  return (
    <span
      className={cx(
        "inline-block h-[18px] min-w-[18px] rounded-full px-[5px] text-center text-meta leading-[18px] font-semibold text-badge-ink tabular",
        tone === "red" ? "bg-badge-red" : "bg-badge-gray",
        className,
      )}
    >
      {capped(count)}
    </span>
  );
}

/** Texts that did not go (NOT-SENT): a red square, where unread is a red circle. */
export function NotSentBadge({ count, className }: { count: number; className?: string }) {
  if (count <= 0) return null;
  return (
    <span
      aria-hidden="true"
      className={cx(
        "inline-block h-[18px] min-w-[18px] rounded-sm border-2 border-red bg-surface px-[3px] text-center text-meta leading-[14px] font-bold text-red tabular",
        className,
      )}
    >
      !{count > 1 && capped(count)}
    </span>
  );
}

export function PresenceDot({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx("inline-block size-2 shrink-0 rounded-full bg-presence", className)} />;
}

export function Spinner({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx("inline-block size-3.5 animate-spin rounded-full border-2 border-current border-r-transparent", className)}
    />
  );
}

/** Gray bars in place of text that is on its way. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx("skeleton block", className)} />;
}
