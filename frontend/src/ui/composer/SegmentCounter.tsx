import type { Segments } from "@/lib/segments";
import { listNames, plural } from "@/lib/text";
import { Tooltip } from "@/ui/Tooltip";

interface SegmentCounterProps {
  id: string;
  segments: Segments;
  /** Characters beyond the product's limit. */
  excess: number;
  /** How many texts the line's provider takes at once. */
  most: number;
}

/** How long the text is, in how many texts it goes, and in which encoding, with the reason on hover and focus. */
export function SegmentCounter({ id, segments, excess, most }: SegmentCounterProps) {
  const { encoding, units, capacity, segments: count } = segments;
  if (excess > 0 || count > most) {
    return (
      <p id={id} role="alert" className="text-meta font-strong text-red tabular">
        {count > most
          ? `Too long: ${plural(count, "text")}, and this line takes ${most}`
          : `${plural(excess, "character")} too many`}
      </p>
    );
  }
  if (count === 0) {
    return (
      <p id={id} className="text-meta text-ink-3 [@media(hover:none)]:hidden">
        Enter sends, Shift+Enter starts a new line
      </p>
    );
  }
  return (
    <p id={id} className="flex items-center gap-1 text-meta text-ink-3 tabular">
      <span>
        {units} / {capacity} · {plural(count, "text")} ·
      </span>
      <Tooltip content={explain(segments)}>
        <button type="button" className="target -my-3.5 rounded-sm py-3.5 underline decoration-dotted underline-offset-2">
          {encoding}
        </button>
      </Tooltip>
    </p>
  );
}

function explain({ encoding, culprits }: Segments): string {
  if (encoding === "GSM-7") return "Plain letters: a text holds 160 characters, and 153 each when it takes several.";
  const which = listNames(culprits.map((culprit) => `“${culprit}”`), 3);
  return `${which} ${culprits.length === 1 ? "is" : "are"} outside the plain alphabet of texts, so one holds 70 characters, and 67 each when it takes several.`;
}
