import { RECIPIENT_STATE, RECIPIENT_STATES, count, progressOf } from "./words";
import type { Broadcast } from "@/api/broadcasts";
import { cx } from "@/lib/cx";

/** How far a mass text has come: who got it, who did not, and who still waits. */
export function ProgressBar({ broadcast, className }: { broadcast: Broadcast; className?: string }) {
  const { gone, total } = progressOf(broadcast);
  return (
    <span
      role="progressbar"
      aria-label={`Progress of ${broadcast.name}`}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={Math.min(gone, total)}
      aria-valuetext={`${count(gone)} of ${count(total)} have gone`}
      className={cx("flex h-1.5 w-full overflow-hidden rounded-full bg-sunken print:border print:border-line", className)}
    >
      {RECIPIENT_STATES.filter((state) => RECIPIENT_STATE[state].bar !== "bg-transparent" && (broadcast.counts[state] ?? 0) > 0).map((state) => (
        <span
          key={state}
          className={RECIPIENT_STATE[state].bar}
          style={{ width: `${((broadcast.counts[state] ?? 0) / Math.max(1, total)) * 100}%` }}
        />
      ))}
    </span>
  );
}
