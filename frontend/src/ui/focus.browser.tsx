/** Where the focus goes when windows open and close, in a browser. */
import { render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { userEvent } from "vitest/browser";

import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { TextField } from "./fields";
import { FormActions } from "./form";
import { Popover, PopoverItem } from "./Popover";

function Opener({ kind }: { kind: "dialog" | "popover" }) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <div className="relative">
      <Button onClick={() => setOpen(true)}>Open</Button>
      {open && kind === "popover" && (
        <Popover label="Later" onClose={close}>
          <PopoverItem onSelect={close}>Tomorrow</PopoverItem>
        </Popover>
      )}
      <Dialog open={open && kind === "dialog"} onOpenChange={setOpen} title="New view">
        <form>
          <TextField label="Name" />
          {Array.from({ length: 40 }, (_, line) => (
            <p key={line}>Line {line + 1}</p>
          ))}
          <FormActions label="Save" pending={false} onCancel={close} />
        </form>
      </Dialog>
      <Button>Behind</Button>
    </div>
  );
}

it("a dialog puts the focus into its first field, keeps it, shows its foot, and gives the focus back", async () => {
  render(<Opener kind="dialog" />);
  await userEvent.click(screen.getByRole("button", { name: "Open" }));
  const dialog = await screen.findByRole("dialog");
  expect(screen.getByRole("textbox", { name: "Name" })).toHaveFocus();
  const save = screen.getByRole("button", { name: "Save" }).getBoundingClientRect();
  expect(save.bottom).toBeLessThan(dialog.getBoundingClientRect().bottom);
  for (let presses = 0; presses < 8; presses += 1) {
    await userEvent.keyboard("{Tab}");
    expect(dialog.contains(document.activeElement)).toBe(true);
  }
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => document.activeElement?.textContent).toBe("Open");
});

it("a popover takes the focus and gives it back, by Escape and by choosing", async () => {
  render(<Opener kind="popover" />);
  const opener = screen.getByRole("button", { name: "Open" });
  for (const key of ["{Escape}", "{Enter}"]) {
    await userEvent.click(opener);
    expect(await screen.findByRole("button", { name: "Tomorrow" })).toHaveFocus();
    await userEvent.keyboard(key);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    expect(opener).toHaveFocus();
  }
});
