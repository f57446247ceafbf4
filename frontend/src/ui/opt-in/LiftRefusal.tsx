/** The button that lifts a refusal without a record (OPTIN-REMOVED). Its dialog is fetched when it opens. */
import { lazy, Suspense, useState } from "react";

import { Button } from "@/ui/Button";

const LiftRefusalDialog = lazy(() => import("./LiftRefusalDialog"));

export interface RefusalTarget {
  refusalId: string;
  phoneNumber: string;
  ownerName: string;
}

export function LiftRefusal(target: RefusalTarget) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="sm" className="mt-1.5" aria-label={`Lift refusal of ${target.ownerName}`} onClick={() => setOpen(true)}>
        Lift refusal
      </Button>
      {open && (
        <Suspense fallback={null}>
          <LiftRefusalDialog {...target} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
