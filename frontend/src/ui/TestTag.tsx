import { Tag } from "./bits";
import { cx } from "@/lib/cx";

/** Marks what is on a sandbox line: it texts nobody. */
export function TestTag({ className }: { className?: string }) {
  return (
    <span title="On a sandbox line: it texts nobody" className={cx("shrink-0", className)}>
      <Tag tone="warn">Test</Tag>
    </span>
  );
}
