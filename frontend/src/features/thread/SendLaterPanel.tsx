/** When a text is to go (LATER). */
import { useState } from "react";

import { offeredMoments } from "@/lib/moments";
import { Mark } from "@/ui/form";
import { MomentPicker } from "@/ui/MomentPicker";
import { Popover } from "@/ui/Popover";

interface SendLaterPanelProps {
  onPick: (at: string, onlyIfNothingNew: boolean) => void;
  onClose: () => void;
}

export default function SendLaterPanel({ onPick, onClose }: SendLaterPanelProps) {
  const [inAnyCase, setInAnyCase] = useState(false);
  return (
    <Popover label="Send later" side="above" onClose={onClose}>
      <p className="px-2.5 pt-1.5 pb-1 font-strong">Send later</p>
      <MomentPicker offered={offeredMoments} verb="Schedule" onPick={(at) => onPick(at, !inAnyCase)} />
      <div className="px-2.5">
        <Mark
          label="Send even if they write meanwhile"
          hint="Otherwise a text from them holds it back, and you decide."
          checked={inAnyCase}
          onChange={(event) => setInAnyCase(event.target.checked)}
        />
      </div>
    </Popover>
  );
}
