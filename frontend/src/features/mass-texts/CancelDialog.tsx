/** Ending a mass text for good, with what that means said first. */
import { counted, progressOf } from "./words";
import { useBroadcastDeed, type BroadcastDetail } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

interface CancelDialogProps {
  broadcast: BroadcastDetail;
  onClose: () => void;
}

export default function CancelDialog({ broadcast, onClose }: CancelDialogProps) {
  const cancel = useBroadcastDeed(broadcast.id, "cancel");
  const isDraft = broadcast.state === "draft";
  const { gone, left } = progressOf(broadcast);
  const submit = () =>
    cancel.mutate(undefined, {
      onSuccess: () => {
        onClose();
        showToast(isDraft ? `The draft “${broadcast.name}” is discarded.` : `“${broadcast.name}” is cancelled.`);
      },
    });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={isDraft ? `Discard “${broadcast.name}”?` : `Cancel “${broadcast.name}”?`}>
      {isDraft ? (
        <p>Nobody has got it. It stays in the list as cancelled, with its text, and can’t be sent any more.</p>
      ) : (
        <>
          <p>
            {gone === 0 ? "Nobody has got it yet." : `${counted(gone, "number has", "numbers have")} got it, and ${gone === 1 ? "keeps" : "keep"} it: a text can’t be called back.`}{" "}
            {left > 0 && `${counted(left, "number")} will not get it.`}
          </p>
          <p className="mt-2">It can’t be taken up again. To stop it for a while, pause it.</p>
        </>
      )}
      <FormProblem>{cancel.error && describeError(cancel.error)}</FormProblem>
      <DialogFoot>
        <Button onClick={onClose}>{isDraft ? "Keep it" : "Go on with it"}</Button>
        <Button variant="danger" disabled={cancel.isPending} onClick={submit}>
          {cancel.isPending && <Spinner />}
          {isDraft ? "Discard it" : "Cancel it"}
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
