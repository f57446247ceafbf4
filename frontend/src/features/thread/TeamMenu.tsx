/** The team's controls of a conversation on a phone. */
import { useMe } from "@/api/session";
import type { ConversationDetail } from "@/api/types";
import { ClockIcon, PersonIcon } from "@/ui/icons";
import { useMoments } from "@/ui/MomentPicker";
import { Popover, PopoverItem } from "@/ui/Popover";

interface TeamMenuProps {
  conversation: ConversationDetail;
  onOpen: (panel: "assign" | "later") => void;
  onTake: () => void;
  onRelease: () => void;
  onClose: () => void;
}

export default function TeamMenu({ conversation: { assignee, reminder }, onOpen, onTake, onRelease, onClose }: TeamMenuProps) {
  const me = useMe().staff_member;
  const { brief } = useMoments();
  const isMine = assignee !== null && assignee.id === me?.id;
  return (
    <Popover label="More" onClose={onClose}>
      {me && !isMine && (
        <PopoverItem onSelect={onTake}>
          <PersonIcon size={18} /> Assign to me
        </PopoverItem>
      )}
      <PopoverItem onSelect={() => onOpen("assign")}>
        <PersonIcon size={18} /> Assign to a colleague
        {assignee && <span className="ml-auto truncate text-note text-ink-2">{isMine ? "you have it" : assignee.name}</span>}
      </PopoverItem>
      {assignee && <PopoverItem onSelect={onRelease}>
        <PersonIcon size={18} /> Release
      </PopoverItem>}
      <PopoverItem onSelect={() => onOpen("later")}>
        <ClockIcon size={18} /> Later
        {reminder && <span className="ml-auto text-note text-ink-2">{reminder.due ? "due" : brief(reminder.at)}</span>}
      </PopoverItem>
    </Popover>
  );
}
