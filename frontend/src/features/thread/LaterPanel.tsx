/** Until when the conversation is deferred (REMIND). */
import { useState } from "react";

import type { Conversation } from "@/api/types";
import { offeredReminders } from "@/lib/moments";
import { Mark } from "@/ui/form";
import { MomentPicker, useMoments } from "@/ui/MomentPicker";
import { Popover, PopoverItem } from "@/ui/Popover";

interface LaterPanelProps {
  reminder: Conversation["reminder"];
  onDefer: (at: string, unlessAnswered: boolean) => void;
  onTakeBack: () => void;
  onClose: () => void;
}

export default function LaterPanel({ reminder, onDefer, onTakeBack, onClose }: LaterPanelProps) {
  const { brief } = useMoments();
  const [unlessAnswered, setUnlessAnswered] = useState(reminder?.unless_answered ?? false);
  return (
    <Popover label="Put the conversation off" onClose={onClose}>
      {reminder && (
        <div className="mb-1.5 border-b border-line pb-1.5">
          <PopoverItem onSelect={onTakeBack}>
            {reminder.due ? "Done with the reminder" : "Take it back now"}
            {!reminder.due && <span className="ml-auto text-note text-ink-2 tabular">{brief(reminder.at)}</span>}
          </PopoverItem>
        </div>
      )}
      <p className="px-2.5 pt-1.5 pb-1 text-note text-ink-2">It goes to Later, and comes back as open. A text brings it back at once.</p>
      <MomentPicker offered={offeredReminders} verb="Remind me" onPick={(at) => onDefer(at, unlessAnswered)} />
      <div className="px-2.5">
        <Mark
          label="Only if nobody answers by then"
          hint="A text from them ends the reminder."
          checked={unlessAnswered}
          onChange={(event) => setUnlessAnswered(event.target.checked)}
        />
      </div>
    </Popover>
  );
}
