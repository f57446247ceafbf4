import { copyText } from "./copy-text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Notice } from "@/ui/states";

/** A key that was just made. */
export function ApiKeyShownOnce({ name, secret, onClose }: { name: string; secret: string | null; onClose: () => void }) {
  if (secret === null) {
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={`The key of ${name}`}>
        <div className="flex flex-col gap-4">
          <Notice tone="warn" role="note">
            It was made some time ago, and its answer was lost on the way. It is no longer shown: revoke it and make another.
          </Notice>
          <div className="flex justify-end">
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`The key of ${name}`}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn" role="note">
          This is the only time it is shown. Keep it where the other system keeps its secrets; if it is lost, revoke it and make another.
        </Notice>
        <code className="rounded-md bg-sunken px-3 py-2.5 [overflow-wrap:anywhere] select-all">{secret}</code>
        <div className="flex justify-end gap-2">
          <Button onClick={() => copyText(secret)}>Copy</Button>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
