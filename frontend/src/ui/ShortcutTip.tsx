import type { ReactElement } from "react";

import { Tooltip, type TriggerProps } from "./Tooltip";
import { describeKeys, type ShortcutName } from "@/lib/shortcuts";

/** A tooltip with the key of a control, from the registry of keys. */
export function ShortcutTip({ label, name, children }: { label: string; name: ShortcutName; children: ReactElement<TriggerProps> }) {
  return (
    <Tooltip
      content={
        <>
          {label} <kbd className="ml-1 rounded-sm border border-current px-1 font-sans">{describeKeys(name)}</kbd>
        </>
      }
    >
      {children}
    </Tooltip>
  );
}
