/** The composer's buttons: send, send and close, send later. */
import { lazy, Suspense, useState, type Ref, useImperativeHandle } from "react";

import { ariaKeys } from "@/lib/shortcuts";
import { Button } from "@/ui/Button";
import { ClockIcon } from "@/ui/icons";
import { ShortcutTip } from "@/ui/ShortcutTip";

const SendLaterPanel = lazy(() => import("./SendLaterPanel"));

export interface SendLater {
  open: () => void;
}

interface SendButtonsProps {
  sendable: boolean;
  later: Ref<SendLater>;
  onSend: (close: boolean) => void;
  onSendLater: (at: string, onlyIfNothingNew: boolean) => void;
  onDone: () => void;
}

export function SendButtons({ sendable, later, onSend, onSendLater, onDone }: SendButtonsProps) {
  const [choosing, setChoosing] = useState(false);
  const open = () => {
    if (sendable) setChoosing(true);
  };
  useImperativeHandle(later, () => ({ open }));
  const close = () => setChoosing(false);
  return (
    <div className="ml-auto flex gap-2">
      <ShortcutTip label="Send and close" name="sendAndClose">
        <Button onClick={() => onSend(true)} disabled={!sendable} aria-keyshortcuts={ariaKeys("sendAndClose")}>
          Send and close
        </Button>
      </ShortcutTip>
      <span className="relative flex">
        <ShortcutTip label="Send" name="send">
          <Button variant="primary" className="rounded-r-none" onClick={() => onSend(false)} disabled={!sendable} aria-keyshortcuts={ariaKeys("send")}>
            Send
          </Button>
        </ShortcutTip>
        <ShortcutTip label="Send later" name="sendLater">
          <Button
            variant="primary"
            className="rounded-l-none border-l border-accent-ink/30 !px-2"
            aria-label="Send later"
            aria-haspopup="dialog"
            aria-expanded={choosing}
            aria-keyshortcuts={ariaKeys("sendLater")}
            disabled={!sendable}
            onClick={() => (choosing ? close() : open())}
          >
            <ClockIcon size={16} />
          </Button>
        </ShortcutTip>
        {choosing && (
          <Suspense fallback={null}>
            <SendLaterPanel
              onPick={(at, onlyIfNothingNew) => {
                close();
                onSendLater(at, onlyIfNothingNew);
              }}
              onClose={() => {
                close();
                onDone();
              }}
            />
          </Suspense>
        )}
      </span>
    </div>
  );
}
