/** An administrator's button that erases a number (ERASE). Its dialog is fetched when it opens. */
import { lazy, Suspense, useState } from "react";

import { useMe } from "@/api/session";
import { Button } from "@/ui/Button";

const EraseNumberDialog = lazy(() => import("./EraseNumberDialog"));

export default function EraseNumber({ phoneNumber }: { phoneNumber: string }) {
  const { is_admin } = useMe();
  const [open, setOpen] = useState(false);
  if (!is_admin) return null;
  return (
    <section>
      <Button size="sm" variant="danger" onClick={() => setOpen(true)}>
        Erase this number…
      </Button>
      {open && (
        <Suspense fallback={null}>
          <EraseNumberDialog phoneNumber={phoneNumber} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </section>
  );
}
