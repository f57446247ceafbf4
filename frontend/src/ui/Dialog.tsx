/** Dialogs and side sheets. Their code is fetched when the first one opens. */
import { lazy, Suspense, type ReactNode } from "react";

import type { DialogProps } from "./DialogWindow";

/** The buttons of a dialog. They stay in sight while long content scrolls under them. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return (
    <div className="sticky -bottom-5 -mx-5 mt-4 -mb-5 flex flex-wrap items-center justify-end gap-2 border-t border-line bg-surface px-5 py-3">{children}</div>
  );
}

const DialogWindow = lazy(() => import("./DialogWindow"));

export function Dialog(props: DialogProps) {
  if (!props.open) return null;
  return (
    <Suspense fallback={null}>
      <DialogWindow {...props} />
    </Suspense>
  );
}
