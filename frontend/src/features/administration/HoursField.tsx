/** Hours of a week, day by day. */
import { dayName, MOST_SPANS, nextSpan, shownClose, storedClose, WEEKDAYS, type Hours, type Span, type Weekday } from "./away-hours";
import { Button, IconButton } from "@/ui/Button";
import { CloseIcon, PlusIcon } from "@/ui/icons";

interface HoursFieldProps {
  hours: Hours;
  onChange: (hours: Hours) => void;
  errorOf: (pointer: string) => string | null;
}

export function HoursField({ hours, onChange, errorOf }: HoursFieldProps) {
  return (
    <ul className="divide-y divide-line">
      {WEEKDAYS.map((day) => (
        <Day
          key={day}
          day={day}
          spans={hours[day]}
          error={errorOf(`/hours/${day}`)}
          onChange={(spans) => onChange({ ...hours, [day]: spans })}
          {...(day === "monday" && { onCopy: () => onChange({ ...hours, ...Object.fromEntries(WEEKDAYS.slice(1, 5).map((each) => [each, hours.monday])) }) })}
        />
      ))}
    </ul>
  );
}

interface DayProps {
  day: Weekday;
  spans: readonly Span[];
  error: string | null;
  onChange: (spans: Span[]) => void;
  onCopy?: () => void;
}

const CLOCK = "h-9 min-w-0 rounded-md border border-edge bg-surface px-2 text-ink tabular max-desk:h-[44px] [@media(hover:none)]:text-title";

function Day({ day, spans, error, onChange, onCopy }: DayProps) {
  const name = dayName(day);
  const edit = (index: number, changed: Partial<Span>) => onChange(spans.map((span, at) => (at === index ? { ...span, ...changed } : span)));
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2">
      <span className="w-24 py-1.5 font-strong max-desk:flex-1">{name}</span>
      <div className="min-w-0 flex-1 space-y-1.5 max-desk:order-last max-desk:basis-full">
        {spans.length === 0 && <p className="py-1.5 text-ink-2">Closed</p>}
        {spans.map((span, index) => (
          // A span has no name but its place.
          <div key={index} className="flex items-center gap-2">
            <input type="time" aria-label={`${name} opens`} className={CLOCK} value={span.opens} onChange={(event) => edit(index, { opens: event.target.value })} />
            <span className="text-ink-2">to</span>
            <input
              type="time" aria-label={`${name} closes`} className={CLOCK} value={shownClose(span.closes)}
              onChange={(event) => edit(index, { closes: storedClose(event.target.value) })}
            />
            <IconButton label={`Remove these hours of ${name}`} onClick={() => onChange(spans.filter((_, at) => at !== index))}>
              <CloseIcon size={16} />
            </IconButton>
          </div>
        ))}
        {error && <p role="alert" className="text-note text-red">{error}</p>}
      </div>
      <div className="flex gap-2">
        {onCopy && spans.length > 0 && (
          <Button size="sm" variant="quiet" onClick={onCopy}>
            Same on weekdays
          </Button>
        )}
        {spans.length < MOST_SPANS && (
          <Button size="sm" aria-label={`${spans.length === 0 ? "Open" : "Add"} hours of ${name}`} onClick={() => onChange([...spans, nextSpan(spans)])}>
            <PlusIcon size={14} />
            {spans.length === 0 ? "Open" : "Add"}
          </Button>
        )}
      </div>
    </li>
  );
}
