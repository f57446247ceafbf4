/** An administrator's button that erases a number (ERASE). Its dialog is fetched when it opens. */
import { lazy, Suspense, useState } from "react";

import { useMe } from "@/api/session";
import { isErased } from "@/lib/erased";
import { Button } from "@/ui/Button";

const EraseNumberDialog = lazy(() => import("./EraseNumberDialog"));

export default function EraseNumber({ phoneNumber }: { phoneNumber: string }) {
  const { is_admin } = useMe();
  /** The number as it was when the dialog opened. Once it is erased the dialog has yet to say what was done. */
  const [erasing, setErasing] = useState<string | null>(null);
  if (!is_admin || (isErased(phoneNumber) && erasing === null)) return null;
  return (
    <section>
      <Button size="sm" variant="danger" onClick={() => setErasing(phoneNumber)}>
        Erase this number…
      </Button>
      {erasing !== null && (
        <Suspense fallback={null}>
          <EraseNumberDialog phoneNumber={erasing} onClose={() => setErasing(null)} />
        </Suspense>
      )}
    </section>
  );
}
