/** One conversation: its thread, and its details beside it or, on a narrow screen, in a sheet. */
import { lazy, Suspense, useRef, useState } from "react";

import { Thread } from "./Thread";
import type { Anchor } from "@/api/thread";
import { cx } from "@/lib/cx";
import { DESK, useMedia, WIDE } from "@/lib/media";
import { useShortcuts } from "@/lib/shortcuts";
import { Dialog } from "@/ui/Dialog";

/** Its own chunk, so that the thread does not wait for it. */
const Details = lazy(() => import("./Details"));

interface ConversationViewProps {
  conversationId: string;
  /** The `seq` of the message, or the id of the entry, at which to open; the newest or the first new one without it. */
  around?: Anchor | undefined;
  /** Leaves that message for the newest. */
  onShowNewest?: () => void;
  /** Where the thread stands alone on the screen: the way back to the list, and what is unread there. */
  onBack?: () => void;
  unreadElsewhere?: number;
  /** Called when a key has closed it. */
  onClosedByKey?: () => void;
  /** A record’s page is too narrow for a third column. */
  embedded?: boolean;
}

export function ConversationView({ conversationId, around, onShowNewest, onBack, unreadElsewhere = 0, onClosedByKey, embedded = false }: ConversationViewProps) {
  const desk = useMedia(DESK);
  const wide = useMedia(WIDE) && !embedded;
  const [sheetOpen, setSheetOpen] = useState(false);
  const pane = useRef<HTMLElement>(null);
  useShortcuts({ details: () => (wide ? pane.current?.focus() : setSheetOpen(true)) });
  const details = (
    <Suspense fallback={null}>
      <Details conversationId={conversationId} />
    </Suspense>
  );

  return (
    <div className={cx("grid h-full min-w-0 grid-rows-[minmax(0,1fr)]", wide ? "grid-cols-[minmax(0,1fr)_312px]" : "grid-cols-[minmax(0,1fr)]")}>
      <Thread
        // A thread keeps nothing of the one before.
        key={`${conversationId}:${around ?? ""}`}
        conversationId={conversationId}
        around={around ?? null}
        unreadElsewhere={unreadElsewhere}
        {...(onShowNewest && { onShowNewest })}
        {...(onBack && { onBack })}
        {...(onClosedByKey && { onClosedByKey })}
        showsToasts={embedded || !desk}
        {...(!wide && { onShowDetails: () => setSheetOpen(true) })}
      />
      {wide ? (
        <aside ref={pane} tabIndex={-1} aria-label="Details" className="outline-none min-h-0 overflow-y-auto border-l border-line bg-surface p-[18px]">
          {details}
        </aside>
      ) : (
        <Dialog kind="sheet" open={sheetOpen} onOpenChange={setSheetOpen} title="Details">
          {details}
        </Dialog>
      )}
    </div>
  );
}
