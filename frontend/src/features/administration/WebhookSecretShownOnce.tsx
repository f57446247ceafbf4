import { copyText } from "./copy-text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Notice } from "@/ui/states";

/** The secret of an endpoint that was just made or rotated. */
export function WebhookSecretShownOnce({ url, secret, onClose }: { url: string; secret: string | null; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="The secret of the endpoint">
      <div className="flex flex-col gap-4">
        <p className="[overflow-wrap:anywhere]">
          <bdi>{url}</bdi>
        </p>
        <Notice tone="warn" role="note">
          {secret === null
            ? "It was made some time ago, and its answer was lost on the way. It is no longer shown: rotate the secret."
            : "This is the only time it is shown. The other system checks with it that an event comes from here; if it is lost, rotate it."}
        </Notice>
        {secret !== null && <code className="rounded-md bg-sunken px-3 py-2.5 [overflow-wrap:anywhere] select-all">{secret}</code>}
        <div className="flex justify-end gap-2">
          {secret !== null && <Button onClick={() => copyText(secret)}>Copy</Button>}
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
