import { cx } from "@/lib/cx";
import { plural } from "@/lib/text";
import { ArrowDownIcon } from "@/ui/icons";

export function JumpToNewest({ unseen, onJump }: { unseen: number; onJump: () => void }) {
  return (
    <button
      type="button"
      onClick={onJump}
      className={cx(
        "target absolute bottom-3 left-1/2 flex min-h-8 -translate-x-1/2 animate-fade items-center gap-1.5 rounded-full px-3 text-note font-strong shadow-float",
        unseen > 0 ? "bg-badge-red text-badge-ink" : "border border-line bg-surface text-ink hover:bg-sunken",
      )}
    >
      <ArrowDownIcon size={16} />
      {unseen > 0 ? plural(unseen, "new message") : "Newest"}
    </button>
  );
}
