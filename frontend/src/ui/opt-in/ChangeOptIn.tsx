/** The button that changes a record's opt-in. Its dialog is fetched when it opens. */
import { lazy, Suspense, useState } from "react";

import type { OptInState } from "@/api/types";
import { Button } from "@/ui/Button";

const OptInDialog = lazy(() => import("./OptInDialog"));

export interface OptInTarget {
  phoneRecordId: string;
  phoneNumber: string;
  ownerName: string;
  contactName: string | null;
  state: OptInState;
  /** When the person with the number texted STOP; null when they have not. */
  stoppedAt: string | null;
}

export function ChangeOptIn({ className, ...target }: OptInTarget & { className?: string }) {
  const [open, setOpen] = useState(false);
  const who = target.contactName ? `${target.contactName} (${target.ownerName})` : target.ownerName;
  return (
    <>
      <Button size="sm" className={className} aria-label={`Change opt-in of ${who}`} onClick={() => setOpen(true)}>
        Change opt-in
      </Button>
      {open && (
        <Suspense fallback={null}>
          <OptInDialog {...target} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
