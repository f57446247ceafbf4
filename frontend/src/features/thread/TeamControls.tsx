/** Assign and Later in a thread's header: buttons at a desk, one menu on a phone. Each has a key, and Undo. */
import { lazy, Suspense, useState } from "react";

import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useMe } from "@/api/session";
import { useAssign, useDefer, useTakeBack } from "@/api/team";
import type { ConversationDetail, Person } from "@/api/types";
import { isErased } from "@/lib/erased";
import { DESK, useMedia } from "@/lib/media";
import { ariaKeys, useShortcuts } from "@/lib/shortcuts";
import { firstName } from "@/lib/text";
import { Avatar } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { ClockIcon, MoreIcon, PersonIcon } from "@/ui/icons";
import { ShortcutTip } from "@/ui/ShortcutTip";
import { showToast } from "@/ui/Toast";

const AssignPanel = lazy(() => import("./AssignPanel"));
const LaterPanel = lazy(() => import("./LaterPanel"));
const TeamMenu = lazy(() => import("./TeamMenu"));

interface TeamControlsProps {
  conversation: ConversationDetail;
  seenSeq: number;
}

type Open = "assign" | "later" | "menu" | null;

export function TeamControls({ conversation, seenSeq }: TeamControlsProps) {
  const desk = useMedia(DESK);
  const [open, setOpen] = useState<Open>(null);
  const acts = useTeamActs(conversation, seenSeq);
  const close = () => setOpen(null);
  const toggle = (panel: Open) => setOpen(open === panel ? null : panel);
  const closing = <Args extends unknown[]>(act: (...args: Args) => void) => (...args: Args) => {
    close();
    act(...args);
  };
  useShortcuts({ assign: () => setOpen("assign"), take: acts.take, later: () => setOpen("later") });
  if (isErased(conversation.phone_number)) return null;

  const assign = open === "assign" && <AssignPanel assignee={conversation.assignee} onAssign={closing(acts.assign)} onClose={close} />;
  const later = open === "later" && (
    <LaterPanel reminder={conversation.reminder} onDefer={closing(acts.defer)} onTakeBack={closing(acts.takeBack)} onClose={close} />
  );
  if (!desk) {
    return (
      <span className="relative">
        <IconButton label="More" aria-haspopup="dialog" aria-expanded={open !== null} onClick={() => toggle("menu")}>
          <MoreIcon />
        </IconButton>
        <Suspense fallback={null}>
          {assign}
          {later}
          {open === "menu" && (
            <TeamMenu conversation={conversation} onOpen={setOpen} onTake={closing(acts.take)} onRelease={closing(() => acts.assign(null))} onClose={close} />
          )}
        </Suspense>
      </span>
    );
  }
  return (
    <>
      <span className="relative">
        <AssignButton assignee={conversation.assignee} isOpen={open === "assign"} onClick={() => toggle("assign")} />
        <Suspense fallback={null}>{assign}</Suspense>
      </span>
      <span className="relative">
        <LaterButton reminder={conversation.reminder} isOpen={open === "later"} onClick={() => toggle("later")} />
        <Suspense fallback={null}>{later}</Suspense>
      </span>
    </>
  );
}

function AssignButton({ assignee, isOpen, onClick }: { assignee: Person | null; isOpen: boolean; onClick: () => void }) {
  const me = useMe().staff_member;
  const isMine = assignee?.id === me?.id;
  // A control's name holds the words that it shows.
  const label = assignee ? `Assigned to ${assignee.name}${isMine ? ", you" : ""}` : "Assign";
  return (
    <ShortcutTip label={assignee ? `${assignee.name} has it. Assign, from the list` : "Assign, from the list"} name="assign">
      <Button aria-haspopup="dialog" aria-expanded={isOpen} aria-label={label} aria-keyshortcuts={ariaKeys("assign")} onClick={onClick}>
        {assignee ? <Avatar name={assignee.name} size="xs" /> : <PersonIcon size={16} />}
        <span className="max-w-28 truncate max-wide:sr-only">{!assignee ? "Assign" : isMine ? "You" : firstName(assignee.name)}</span>
      </Button>
    </ShortcutTip>
  );
}

function LaterButton({ reminder, isOpen, onClick }: Pick<ConversationDetail, "reminder"> & { isOpen: boolean; onClick: () => void }) {
  const { brief, dateTime } = useFormats();
  const waits = reminder && !reminder.due;
  const label = !reminder ? "Later" : reminder.due ? "Reminder is due" : `Until ${brief(reminder.at)}`;
  return (
    <ShortcutTip label={waits ? `Later, until ${dateTime(reminder.at)}. Change, from the list` : "Have it come back later, from the list"} name="later">
      <Button aria-haspopup="dialog" aria-expanded={isOpen} aria-keyshortcuts={ariaKeys("later")} onClick={onClick} className={reminder?.due ? "!bg-amber-soft !text-amber" : undefined}>
        <ClockIcon size={16} />
        <span className="max-w-36 truncate max-wide:sr-only">{label}</span>
      </Button>
    </ShortcutTip>
  );
}

/** What happens to it, each said and undone where it happened. */
function useTeamActs({ id, assignee, reminder, display_name }: ConversationDetail, seenSeq: number) {
  const me = useMe().staff_member;
  const { moment } = useFormats();
  const give = useAssign(id);
  const put = useDefer(id);
  const back = useTakeBack(id);
  const fails = (what: string) => (error: unknown) =>
    showToast(isProblem(error, PROBLEM.newMessages) ? `${what} Something came in: read it first.` : `${what} ${describeError(error)}`);

  const hand = (to: Person | null, said: string, undoTo: Person | null) =>
    give.mutate(to, {
      onSuccess: () => showToast(said, { label: "Undo", run: () => void give.mutateAsync(undoTo).catch(fails("Not undone.")) }),
      onError: fails(to ? "Not assigned." : "Not released."),
    });
  const assign = (to: Person | null) => {
    if (to?.id === assignee?.id) return;
    hand(to, to ? `${display_name}: ${to.id === me?.id ? "you have" : `${to.name} has`} it now` : `Released: ${display_name}`, assignee);
  };
  const putOff = (at: string, unlessAnswered: boolean) => put.mutateAsync({ at, unlessAnswered, seenSeq, by: me && { id: me.id, name: me.name } });
  const restore = () => (reminder && !reminder.due ? putOff(reminder.at, reminder.unless_answered) : back.mutateAsync());
  return {
    assign,
    take: () => {
      if (me) assign({ id: me.id, name: me.name });
    },
    defer: (at: string, unlessAnswered: boolean) =>
      void putOff(at, unlessAnswered).then(
        () => showToast(`Later: ${display_name}, ${moment(at)}`, { label: "Undo", run: () => void restore().catch(fails("Not undone.")) }),
        fails("Not deferred."),
      ),
    takeBack: () =>
      void back.mutateAsync().then(
        () =>
          showToast(
            `Open again: ${display_name}`,
            reminder && !reminder.due ? { label: "Undo", run: () => void putOff(reminder.at, reminder.unless_answered).catch(fails("Not undone.")) } : undefined,
          ),
        fails("Not taken back."),
      ),
  };
}
