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

const BUBBLE = "max-w-[min(82%,560px)] rounded-bubble px-3 py-2 text-body [overflow-wrap:anywhere] whitespace-pre-wrap desk:max-w-[min(72%,560px)]";
/** Printers leave backgrounds out. */
const ON_PAPER = "print:border-2 print:border-said print:bg-transparent print:text-ink";
const BUBBLE_TONES = {
  inbound: "border border-line bg-surface",
  outbound: `bg-said text-said-ink ${ON_PAPER}`,
  pending: `bg-said text-said-ink opacity-75 ${ON_PAPER}`,
  failed: "border-2 border-red bg-surface text-ink",
  erased: "border border-dashed border-line text-ink-2 italic",
};

interface BubbleLook {
  tone: keyof typeof BUBBLE_TONES;
  /** The side of the thread it stands on. */
  outbound: boolean;
  /** The last of a run by one sender: its corner points at the sender. */
  ends: boolean;
}

export function bubbleLook({ tone, outbound, ends }: BubbleLook): string {
  return cx(BUBBLE, BUBBLE_TONES[tone], ends && (outbound ? "rounded-br-sm" : "rounded-bl-sm"));
}
