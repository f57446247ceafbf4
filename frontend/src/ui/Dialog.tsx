/** Dialogs and side sheets. Their code is fetched when the first one opens. */
import { lazy, Suspense } from "react";

import type { DialogProps } from "./DialogWindow";

const DialogWindow = lazy(() => import("./DialogWindow"));

export function Dialog(props: DialogProps) {
  if (!props.open) return null;
  return (
    <Suspense fallback={null}>
      <DialogWindow {...props} />
    </Suspense>
  );
}
