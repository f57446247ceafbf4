import { Dialog } from "@/ui/Dialog";

const SHORTCUTS: [keys: string[], does: string][] = [
  [["j"], "Next conversation"],
  [["k"], "Previous conversation"],
  [["Enter"], "Open the conversation; in the text box: send"],
  [["Shift", "Enter"], "New line in the text box"],
  [["Ctrl", "Enter"], "Send and close the conversation"],
  [["e"], "Close the open conversation"],
  [["/"], "Search"],
  [["?"], "Show this list"],
];

export function ShortcutHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2.5">
        {SHORTCUTS.map(([keys, does]) => (
          <div key={does} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key} className="min-w-6 rounded-sm border border-line bg-sunken px-1.5 text-center font-sans text-note text-ink">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd className="text-ink-2">{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
