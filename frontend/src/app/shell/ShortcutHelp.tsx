import { SCOPES, SHORTCUTS, type ShortcutName } from "@/lib/shortcuts";
import { Dialog } from "@/ui/Dialog";

const NAMES = Object.keys(SHORTCUTS) as ShortcutName[];

/** The list under "?": the registry of keys, by where they act. */
export default function ShortcutHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title="Keyboard shortcuts" description="What you type in a conversation is text and does nothing else.">
      <div className="gap-x-7 desk:columns-2">
        {SCOPES.map(({ label, scopes }) => (
          <section key={label} aria-label={label}>
            <h3 className="mb-2 break-after-avoid text-meta font-semibold text-ink-2">{label}</h3>
            <dl className="mb-5 space-y-2">
              {NAMES.filter((name) => scopes.includes(SHORTCUTS[name].scope)).map((name) => (
                <div key={name} className="grid break-inside-avoid grid-cols-[96px_1fr] items-baseline gap-x-3 desk:grid-cols-[124px_1fr]">
                  <dt className="flex flex-wrap gap-1">
                    {SHORTCUTS[name].keys.map((key) => (
                      <kbd key={key} className="min-w-6 rounded-sm border border-line bg-sunken px-1.5 text-center font-sans text-note text-ink">
                        {key}
                      </kbd>
                    ))}
                  </dt>
                  <dd className="text-ink-2">{SHORTCUTS[name].does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
