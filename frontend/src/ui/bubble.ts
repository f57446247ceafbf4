/** The look of what is said in a thread. Apart from `look.ts`, which is part of the first load. */
import { cx } from "@/lib/cx";

const BUBBLE = "max-w-[min(82%,560px)] rounded-bubble px-3 py-2 text-body [overflow-wrap:anywhere] whitespace-pre-wrap desk:max-w-[min(72%,560px)]";
/** Printers leave backgrounds out. */
const ON_PAPER = "print:border-2 print:border-said print:bg-transparent print:text-ink";
const BUBBLE_TONES = {
  inbound: "border border-line bg-surface",
  outbound: `bg-said text-said-ink ${ON_PAPER}`,
  // Fainter than what was said, and readable for as long as it waits.
  pending: `bg-accent-soft text-ink ${ON_PAPER}`,
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
