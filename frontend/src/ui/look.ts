/** Classes that several components share, so that no copy drifts. */
import { cx } from "@/lib/cx";

/** A row of a list that opens a conversation. The columns are the caller's. */
export function rowLook(selected: boolean): string {
  return cx("grid gap-x-2.5 rounded-lg p-2.5 transition-colors -outline-offset-2", selected ? "bg-accent-soft" : "hover:bg-sunken");
}

export const ROW_TIME = "text-right text-meta leading-5 text-ink-3 tabular";

/** A tab that is a link. */
export function tabLook(current: boolean): string {
  return cx(
    "target -mb-px flex shrink-0 items-center gap-1.5 border-b-2 px-2 pt-2 pb-[9px] font-medium transition-colors",
    current ? "border-accent text-ink" : "border-transparent text-ink-2 hover:text-ink",
  );
}
