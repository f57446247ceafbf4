import { count, counted } from "./words";
import type { MassTextDraft } from "./useMassTextDraft";
import type { BroadcastDetail, BroadcastPreview } from "@/api/broadcasts";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";

interface ComposerFootProps {
  draft: MassTextDraft;
  stored: BroadcastDetail | undefined;
  /** Undefined while it is not that of what is shown. */
  preview: BroadcastPreview | undefined;
  isReviewing: boolean;
  onReview: () => void;
}

/** Whether it is stored, how many get it, and the way on. It stays in sight. */
export function ComposerFoot({ draft, stored, preview, isReviewing, onReview }: ComposerFootProps) {
  const leftOut = preview ? preview.considered - preview.recipients : 0;
  return (
    <div className="shrink-0 border-t border-line bg-surface">
      <div className="mx-auto flex max-w-[1080px] items-center gap-3 px-4 py-2.5">
        <p role="status" className="min-w-0 flex-1 text-note text-ink-2 tabular">
          <span className="roomy:hidden">
            {preview && (
              <>
                <b className="font-strong text-ink">{counted(preview.recipients, "number")}</b>
                {leftOut > 0 && `, ${count(leftOut)} left out`} ·{" "}
              </>
            )}
          </span>
          {describeSaving(draft, stored)}
        </p>
        <Button variant="primary" aria-busy={isReviewing} onClick={onReview}>
          {isReviewing && draft.isDirty && <Spinner />}
          Review and send…
        </Button>
      </div>
    </div>
  );
}

function describeSaving({ isDirty, isSaving, error, lacking }: MassTextDraft, stored: BroadcastDetail | undefined): string {
  if (isSaving) return "Saving…";
  if (error && isDirty) return "Not saved. It is kept in this browser.";
  if (lacking && isDirty) return "Kept in this browser.";
  if (isDirty) return "Not saved yet";
  return stored ? "Saved as a draft" : "Nothing is sent before you confirm it.";
}
