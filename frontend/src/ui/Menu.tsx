import * as Radix from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";

/**
 * Opens as soon as it is rendered: its chunk is fetched on the first click. Not modal: a modal menu locks scrolling with an
 * injected style element, which the Content-Security-Policy forbids.
 */
export function Menu({ trigger, onClose, children }: { trigger: ReactNode; onClose: () => void; children: ReactNode }) {
  return (
    <Radix.Root modal={false} defaultOpen onOpenChange={(open) => !open && onClose()}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side="right"
          align="end"
          sideOffset={8}
          collisionPadding={8}
          className="z-50 min-w-56 animate-fade rounded-lg border border-line bg-surface p-1.5 text-ink shadow-float"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const ITEM =
  "flex min-h-8 cursor-default target items-center gap-2 rounded-md px-2.5 py-1.5 outline-none select-none data-[highlighted]:bg-sunken";

export function MenuItem({ onSelect, children }: { onSelect: () => void; children: ReactNode }) {
  return (
    <Radix.Item className={ITEM} onSelect={onSelect}>
      {children}
    </Radix.Item>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="px-2.5 py-1.5 text-note text-ink-2">{children}</Radix.Label>
);

export const MenuSeparator = () => <Radix.Separator className="mx-2 my-1.5 h-px bg-line" />;
