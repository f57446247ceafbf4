/**
 * Dialogs and side sheets. Radix's own overlay locks scrolling with an injected style element, which the strict
 * Content-Security-Policy forbids; nothing scrolls behind these anyway, so the scrim is a plain element of ours.
 */
import * as Radix from "@radix-ui/react-dialog";
import { useState, type ReactNode } from "react";

import { CloseIcon } from "./icons";
import { IconButton } from "./Button";
import { cx } from "@/lib/cx";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** Read after the title; shown below it unless it is for screen readers only. */
  description?: ReactNode;
  children: ReactNode;
  /** dialog: in the middle. sheet: a pane from the right edge. */
  kind?: "dialog" | "sheet";
  /** A dialog for something to look at. */
  wide?: boolean;
}

export default function DialogWindow({ open, onOpenChange, title, description, children, kind = "dialog", wide = false }: DialogProps) {
  // It is opened without a trigger of Radix's: what had the focus gets it back.
  const [opener] = useState(() => document.activeElement);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 animate-fade bg-scrim" aria-hidden="true" />
        <Radix.Content
          className={cx(
            "fixed z-50 flex flex-col overflow-hidden bg-surface text-ink shadow-float outline-none",
            kind === "dialog"
              ? cx("inset-x-3 mx-auto animate-rise rounded-xl border border-line", wide ? "top-[4vh] max-h-[92vh] max-w-[960px]" : "top-[12vh] max-h-[76vh] max-w-[440px] max-desk:top-[5dvh] max-desk:max-h-[90dvh]")
              : "inset-y-0 right-0 w-[min(360px,100vw)] animate-slide border-l border-line",
          )}
          onOpenAutoFocus={focusFirstField}
          onEscapeKeyDown={(event) => {
            // What is open within the window closes first.
            if (event.target instanceof Element && event.target.closest("[data-own-escape]")) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            if (!(opener instanceof HTMLElement) || !opener.isConnected) return;
            event.preventDefault();
            opener.focus();
          }}
          {...(description === undefined && { "aria-describedby": undefined })}
        >
          <div className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1 pt-1.5">
              <Radix.Title className="text-title font-heading">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-1 text-note text-ink-2">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close this window" className="-mr-2 max-desk:-my-1.5 max-desk:-mr-3">
                <CloseIcon size={18} />
              </IconButton>
            </Radix.Close>
          </div>
          {/* Long content without a control of its own is scrolled with the keyboard. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div tabIndex={0} role="group" aria-label={title} className="-mt-1 min-h-0 flex-1 -outline-offset-2 scroll-pb-32 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A form is for typing: its first field has the focus, not the cross. A finger would open its keyboard over the words. */
function focusFirstField(event: Event): void {
  if (!(event.currentTarget instanceof HTMLElement) || !window.matchMedia("(hover: hover)").matches) return;
  const field = event.currentTarget.querySelector<HTMLElement>("form :is(input, textarea, select):not([readonly], [hidden], :disabled)");
  if (!field) return;
  event.preventDefault();
  field.focus();
}
