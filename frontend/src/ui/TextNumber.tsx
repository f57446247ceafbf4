import { Link } from "@tanstack/react-router";

import { may, useMe } from "@/api/session";
import { cx } from "@/lib/cx";
import { toCompose } from "@/lib/inbox-search";

/** Texts a number: opens its conversation, or the window for the first text to it (TO-NAME). Nothing without Mass Text. */
export function TextNumber({ number, whose, className }: { number: string; whose: string; className?: string }) {
  const me = useMe();
  if (!may(me, "mass_text") || !may(me, "sms_logs")) return null;
  return (
    <Link
      to="/messenger"
      search={toCompose(number)}
      preload={false}
      aria-label={`Text ${whose}`}
      className={cx("inline-flex min-h-7 items-center rounded-md border border-line bg-surface px-2.5 py-1 text-note font-strong text-ink transition-colors target hover:bg-sunken", className)}
    >
      Text
    </Link>
  );
}
