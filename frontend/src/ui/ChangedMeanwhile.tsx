/** Somebody else has changed the record that a form edits. What was typed stays until the person decides. */
import { ChangedMeanwhileError } from "@/api/versions";
import { Button } from "@/ui/Button";
import { showInFull } from "@/ui/form";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

interface ChangedMeanwhileProps<Shown> {
  error: unknown;
  pending: boolean;
  /** Shows the record as it is now, instead of what was typed. */
  onLoad: (current: Shown) => void;
  /** Stores what was typed over it. */
  onKeep: (current: Shown) => void;
}

/** Nothing for any other error. */
export function ChangedMeanwhile<Shown extends object>({ error, pending, onLoad, onKeep }: ChangedMeanwhileProps<Shown>) {
  if (!(error instanceof ChangedMeanwhileError)) return null;
  // The form's own mutation has thrown it, about the form's own record.
  const current = error.current as Shown;
  return (
    <div ref={showInFull}>
      <Notice tone="warn" role="alert" icon={<WarningIcon size={18} />}>
        <p>Not saved: somebody has changed this since you opened it. What you typed is still here.</p>
        <div className="mt-2 flex flex-wrap gap-2">
          <Button size="sm" disabled={pending} onClick={() => onLoad(current)}>
            Discard mine, load the current version
          </Button>
          <Button size="sm" variant="danger" disabled={pending} onClick={() => onKeep(current)}>
            Keep mine, overwrite theirs
          </Button>
        </div>
      </Notice>
    </div>
  );
}
