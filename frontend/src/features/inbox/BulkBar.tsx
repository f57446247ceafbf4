/** What can be done to the selected conversations. One request does it to all of them, and Undo takes it back. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeBulk } from "./describe-bulk";
import type { Selection } from "./useSelection";
import { useBulkAct, useUndoBulkAct, type BulkAct } from "@/api/bulk";
import { MOST_TOGETHER } from "@/api/bulk-limit";
import { colleaguesQuery } from "@/api/colleagues";
import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import { laterTimes } from "@/lib/later-times";
import { Button, IconButton } from "@/ui/Button";
import { CloseIcon } from "@/ui/icons";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/ui/Menu";
import { showToast } from "@/ui/Toast";

export default function BulkBar({ selection }: { selection: Selection }) {
  const bulk = useBulkAct();
  const undo = useUndoBulkAct();
  const { rows, clear } = selection;
  const anyNotSent = rows.some(({ not_sent }) => not_sent > 0);
  const allClosed = rows.every(({ status }) => status === "closed");

  // The bar may be gone by then, since an event takes the rows off the list, and with it the callbacks of `mutate`.
  const takeBack = (undoId: string) =>
    undo.mutateAsync(undoId).then(
      (undone) => showToast(describeBulk(undone, "undo")),
      (error: unknown) => showToast(describeError(error)),
    );
  const perform = (act: BulkAct): void =>
    void bulk.mutateAsync({ rows, act }).then(
      (answer) => {
        const { undo_id } = answer;
        showToast(describeBulk(answer, act.action), undo_id === null ? undefined : { label: "Undo", run: () => void takeBack(undo_id) });
        clear();
      },
      (error: unknown) => showToast(`Nothing was changed. ${describeError(error)}`, { label: "Try again", run: () => perform(act) }),
    );

  return (
    <div role="toolbar" aria-label="Selected conversations" className="flex flex-wrap items-center gap-1.5 border-t border-line bg-bg px-2.5 py-2">
      <p role="status" className="mr-auto font-strong tabular">
        {rows.length} selected{rows.length === MOST_TOGETHER && <span className="font-normal text-ink-2"> (the most at once)</span>}
      </p>
      {allClosed ? (
        <Button size="sm" disabled={bulk.isPending} onClick={() => perform({ action: "reopen" })}>
          Reopen
        </Button>
      ) : (
        <Button size="sm" disabled={bulk.isPending} onClick={() => perform({ action: "close" })}>
          Close
        </Button>
      )}
      <AssignMenu disabled={bulk.isPending} onAct={perform} />
      <LaterMenu disabled={bulk.isPending} onAct={perform} />
      {anyNotSent && (
        <Button size="sm" disabled={bulk.isPending} title="The texts that were not sent need nobody any more" onClick={() => perform({ action: "dismiss_not_sent" })}>
          Dismiss
        </Button>
      )}
      <IconButton label="End the selection" shortcut="endSearch" onClick={clear} className="!size-8">
        <CloseIcon size={16} />
      </IconButton>
    </div>
  );
}

interface ActMenuProps {
  disabled: boolean;
  onAct: (act: BulkAct) => void;
}

function AssignMenu({ disabled, onAct }: ActMenuProps) {
  const { staff_member: me } = useMe();
  const [isOpen, setOpen] = useState(false);
  const { data: colleagues } = useQuery({ ...colleaguesQuery, enabled: isOpen });
  const button = (
    <Button size="sm" disabled={disabled} {...(!isOpen && { onClick: () => setOpen(true), "aria-haspopup": "menu" as const })}>
      Assign
    </Button>
  );
  if (!isOpen) return button;
  return (
    <Menu trigger={button} onClose={() => setOpen(false)}>
      <div className="max-h-[50dvh] overflow-y-auto">
        {me && <MenuItem onSelect={() => onAct({ action: "assign", staffMember: me })}>To me</MenuItem>}
        <MenuItem onSelect={() => onAct({ action: "release" })}>To nobody</MenuItem>
        <MenuSeparator />
        {!colleagues && <MenuLabel>Loading colleagues</MenuLabel>}
        {colleagues?.filter(({ id }) => id !== me?.id).map((colleague) => (
          <MenuItem key={colleague.id} onSelect={() => onAct({ action: "assign", staffMember: colleague })}>
            {colleague.name}
          </MenuItem>
        ))}
      </div>
    </Menu>
  );
}

function LaterMenu({ disabled, onAct }: ActMenuProps) {
  const { timezone } = useMe().organization;
  const [isOpen, setOpen] = useState(false);
  const button = (
    <Button size="sm" disabled={disabled} {...(!isOpen && { onClick: () => setOpen(true), "aria-haspopup": "menu" as const })}>
      Later
    </Button>
  );
  if (!isOpen) return button;
  return (
    <Menu trigger={button} onClose={() => setOpen(false)}>
      {laterTimes(new Date(), timezone).map(({ label, at }) => (
        <MenuItem key={label} onSelect={() => onAct({ action: "later", at })}>
          {label}
        </MenuItem>
      ))}
    </Menu>
  );
}
