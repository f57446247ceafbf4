import { lazy, Suspense, useState } from "react";

import { DELIVERY, describeFailure } from "./describe-message";
import type { Message } from "@/api/types";
import { cx } from "@/lib/cx";
import { Tooltip } from "@/ui/Tooltip";

const MessageTimeline = lazy(() => import("./MessageTimeline"));

const TONES = { quiet: "text-ink-3", bad: "font-strong text-red", warn: "font-strong text-amber" };

/** The delivery state; the reason on hover and focus; the timeline on a click. */
export function DeliveryState({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  const { tone } = DELIVERY[message.status];
  const { label, reason } = describeFailure(message);
  return (
    <>
      <Tooltip content={reason}>
        <button
          type="button"
          onClick={() => setOpen(true)}
          aria-haspopup="dialog"
          className={cx("target -my-3.5 rounded-sm py-3.5 underline-offset-2 hover:underline", TONES[tone])}
        >
          {label}
        </button>
      </Tooltip>
      {open && (
        <Suspense fallback={null}>
          <MessageTimeline message={message} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
