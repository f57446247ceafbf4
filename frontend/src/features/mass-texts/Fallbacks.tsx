/** What becomes of whoever has no value for a field: left out, or a word of the writer's stands for it. */
import { useId, useState } from "react";

import { Mark } from "@/ui/form";

/** Fields that differ from one recipient to the next. */
export const PEOPLES_FIELDS = [
  ["first_name", "a first name", "there"],
  ["family", "a family name", "your family"],
  ["student_first_names", "children", "your child"],
  ["class", "a class", "class"],
] as const;

interface FallbacksProps {
  used: readonly (typeof PEOPLES_FIELDS)[number][];
  fallbacks: Record<string, string>;
  onChange: (fallbacks: Record<string, string>) => void;
}

export function Fallbacks({ used, fallbacks, onChange }: FallbacksProps) {
  if (used.length === 0) return null;
  return (
    <div className="space-y-3 rounded-lg border border-line px-4 py-3">
      {used.map(([field, what, example]) => (
        <Fallback
          key={field}
          what={what}
          example={example}
          value={fallbacks[field]}
          onChange={(value) => {
            const others = Object.fromEntries(Object.entries(fallbacks).filter(([name]) => name !== field));
            onChange(value === undefined ? others : { ...others, [field]: value });
          }}
        />
      ))}
    </div>
  );
}

interface FallbackProps {
  what: string;
  example: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

function Fallback({ what, example, value, onChange }: FallbackProps) {
  const id = useId();
  // An empty word is none: the choice is remembered here until there is one.
  const [writes, setWrites] = useState(value !== undefined);
  return (
    <fieldset>
      <legend className="font-strong">Whoever has not got {what}</legend>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-1">
        <Mark type="radio" name={id} label="is left out" checked={!writes} onChange={() => { setWrites(false); onChange(undefined); }} />
        <Mark type="radio" name={id} label="gets instead" checked={writes} onChange={() => setWrites(true)} />
        {writes && (
          <input
            aria-label={`Instead of ${what}`}
            maxLength={100}
            dir="auto"
            placeholder={example}
            value={value ?? ""}
            onChange={(event) => onChange(event.target.value || undefined)}
            className="h-9 min-w-0 flex-[1_1_160px] rounded-md border border-edge bg-surface px-3 text-ink placeholder:text-ink-3 max-desk:h-[44px] desk:max-w-60 [@media(hover:none)]:text-title"
          />
        )}
      </div>
    </fieldset>
  );
}
