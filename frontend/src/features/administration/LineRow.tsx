import { lazy, Suspense, useId, useState } from "react";

import { KINDS } from "./line-providers";
import { LineSetUp } from "./LineSetUp";
import { SandboxNumbers } from "./SandboxNumbers";
import { useFormats } from "@/api/format";
import { useProvider, type Line, type LineHealth } from "@/api/lines";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { TestTag } from "@/ui/TestTag";

const LinePrices = lazy(() => import("./LinePrices"));

interface LineRowProps {
  line: Line;
  /** When the last text came in; null if none ever did, undefined while loading. */
  lastText: string | null | undefined;
  open: boolean;
  onOpen: (open: boolean) => void;
  onEdit: () => void;
}

export function LineRow({ line, lastText, open, onOpen, onEdit }: LineRowProps) {
  const { dateTime, phone } = useFormats();
  const setUp = useId();
  const [showsPrices, setShowsPrices] = useState(false);
  const { label, phone_number, kind, silent_since, enabled } = line;
  const provider = useProvider(line.provider);
  const what = line.sandbox ? "Test numbers" : "Set-up";
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-[1_1_260px]">
          <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <bdi className="min-w-0 font-strong [overflow-wrap:anywhere]">{label}</bdi>
            <span className="tabular">{phone(phone_number)}</span>
            {line.sandbox && <TestTag />}
            {(!line.sandbox || !enabled) && <LineStateTag enabled={enabled} state={line.health?.state ?? null} />}
          </p>
          <p className="text-note text-ink-2">
            {`${provider?.name ?? line.provider} · ${KINDS[kind]}`}
            {lastText && ` · last text: ${dateTime(lastText)}`}
            {lastText === null && " · no text yet"}
          </p>
        </div>
        <div className="flex gap-2">
          <Button size="sm" aria-expanded={open} aria-controls={setUp} aria-label={`${open ? `Hide ${what.toLowerCase()}` : what} of ${label}`} onClick={() => onOpen(!open)}>
            {open ? `Hide ${what.toLowerCase()}` : what}
          </Button>
          {!line.sandbox && (
            <Button size="sm" aria-label={`Prices of ${label}`} onClick={() => setShowsPrices(true)}>
              Prices
            </Button>
          )}
          <Button size="sm" aria-label={`Edit ${label}`} onClick={onEdit}>
            Edit
          </Button>
        </div>
      </div>
      {enabled && silent_since && (
        <Notice tone="warn" icon={<WarningIcon size={16} />} className="mt-2">
          Silent since {dateTime(silent_since)}. That is unusual for this line: check it.
        </Notice>
      )}
      {line.notice && (
        <Notice tone="neutral" role="note" className="mt-2">
          {line.notice}
        </Notice>
      )}
      {showsPrices && (
        <Suspense fallback={null}>
          <LinePrices line={line} onClose={() => setShowsPrices(false)} />
        </Suspense>
      )}
      <div id={setUp}>{open && (line.sandbox ? <SandboxNumbers line={line} /> : <LineSetUp line={line} />)}</div>
    </li>
  );
}

/** `state` is what the last check found; null before the first. */
export function LineStateTag({ enabled, state }: { enabled: boolean; state: LineHealth["state"] | null }) {
  if (!enabled) return <Tag>Out of service</Tag>;
  switch (state) {
    case null:
      return <Tag>Not checked yet</Tag>;
    case "ready":
      return <Tag tone="good">Ready</Tag>;
    case "needs_attention":
      return <Tag tone="bad">Needs attention</Tag>;
    case "cannot_tell":
      return <Tag>Check it yourself</Tag>;
    case "unreachable":
      return <Tag tone="warn">Provider not reached</Tag>;
  }
}
