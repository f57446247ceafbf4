/** What opens over a page, and what says that something has happened. */
import { lazy, Suspense, useState, type ReactNode } from "react";

import { Filled, Section, Specimen } from "./Specimen";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions } from "@/ui/form";
import { MomentFields, MomentPicker } from "@/ui/MomentPicker";
import { Popover, PopoverItem } from "@/ui/Popover";
import { showToast, ToastSlot } from "@/ui/Toast";
import { offeredMoments } from "@/lib/moments";

const Menu = lazy(() => import("@/ui/Menu").then((module) => ({ default: module.Menu })));
const MenuLabel = lazy(() => import("@/ui/Menu").then((module) => ({ default: module.MenuLabel })));
const MenuItem = lazy(() => import("@/ui/Menu").then((module) => ({ default: module.MenuItem })));
const MenuSeparator = lazy(() => import("@/ui/Menu").then((module) => ({ default: module.MenuSeparator })));

/** A button, and what it opens until that is closed. */
function Opens({ what, children }: { what: string; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="relative">
      <Button aria-expanded={open} onClick={() => setOpen(!open)}>
        Open the {what}
      </Button>
      {open && children(() => setOpen(false))}
    </div>
  );
}

export function Windows() {
  return (
    <Section title="Windows">
      <Specimen state="Dialog: a form with its foot; long content; a sheet">
        <Opens what="form">
          {(close) => (
            <Dialog open onOpenChange={close} title="New view" description="Everybody of the business sees it.">
              <form
                onSubmit={(event) => {
                  event.preventDefault();
                  close();
                }}
              >
                <TextField label="Name" />
                <FormActions label="Save" pending={false} onCancel={close} />
              </form>
            </Dialog>
          )}
        </Opens>
        <Opens what="wide dialog">
          {(close) => (
            <Dialog open wide onOpenChange={close} title="What changed">
              {Array.from({ length: 40 }, (_, line) => (
                <p key={line}>Line {line + 1} of long content, which scrolls under the title.</p>
              ))}
            </Dialog>
          )}
        </Opens>
        <Opens what="sheet">
          {(close) => (
            <Dialog open kind="sheet" onOpenChange={close} title="Details">
              <p>A pane from the right edge.</p>
            </Dialog>
          )}
        </Opens>
      </Specimen>
      <Specimen state="FormActions: normal, under way, not to be undone, disabled">
        {[{}, { pending: true }, { danger: true }, { disabled: true }].map((of, index) => (
          <Filled key={index} className="overflow-hidden rounded-lg border border-line bg-surface px-5 pb-5">
            <FormActions label={of.danger ? "Erase for ever" : "Save"} pending={false} onCancel={noop} {...of} />
          </Filled>
        ))}
      </Specimen>
      <Specimen state="Menu">
        <Opens what="menu">
          {(close) => (
            <Suspense fallback={null}>
              <Menu onClose={close} trigger={<button type="button" aria-label="The button of the menu" className="absolute inset-0 opacity-0" />}>
                <MenuLabel>Maria Delgado</MenuLabel>
                <MenuItem onSelect={close}>Account</MenuItem>
                <MenuSeparator />
                <MenuItem onSelect={close}>Sign out</MenuItem>
              </Menu>
            </Suspense>
          )}
        </Opens>
      </Specimen>
      <Specimen state="Popover with PopoverItem and MomentPicker">
        <Opens what="popover">
          {(close) => (
            <Popover label="Later" onClose={close}>
              <PopoverItem onSelect={close}>When they answer</PopoverItem>
              <MomentPicker offered={offeredMoments} verb="Set" onPick={close} />
            </Popover>
          )}
        </Opens>
      </Specimen>
      <Specimen state="MomentFields: a time that is over">
        <Moment />
      </Specimen>
      <Specimen wide state="ToastSlot: a message, and one that can be undone">
        <Button onClick={() => showToast("Opening hours saved.")}>Show a message</Button>
        <Button onClick={() => showToast("Smith family: closed", { label: "Undo", run: () => showToast("Open again.") })}>Show one with Undo</Button>
        <ToastSlot rank="page" className="w-full max-w-[480px]" />
      </Specimen>
    </Section>
  );
}

function Moment() {
  const [moment, setMoment] = useState({ day: "2026-11-27", clock: "09:00" });
  return (
    <Filled>
      <MomentFields value={moment} onChange={setMoment} problem="This time is over." />
    </Filled>
  );
}

function noop() {
  // Nothing is open.
}
