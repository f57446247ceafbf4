/** A choice of a time to come: a few that are usual, and one's own, in the organization's zone. */
import { useState, type ComponentProps } from "react";

import { Button } from "./Button";
import { TextField } from "./fields";
import { PopoverItem } from "./Popover";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import { useNow } from "@/lib/clock";
import { atClock, dayAndClock } from "@/lib/days";
import { momentProblem, type OfferedMoment } from "@/lib/moments";

interface MomentPickerProps {
  offered: (now: Date, timeZone: string) => OfferedMoment[];
  /** What its button does with the person's own time. */
  verb: string;
  onPick: (at: string) => void;
}

export function MomentPicker({ offered, verb, onPick }: MomentPickerProps) {
  const { timezone } = useMe().organization;
  const { time } = useFormats();
  const now = useNow();
  return (
    <>
      {offered(now, timezone).map(({ label, at }) => (
        <PopoverItem key={label} onSelect={() => onPick(at)}>
          <span className="flex-1">{label}</span>
          <span className="text-note text-ink-2 tabular">{time(at)}</span>
        </PopoverItem>
      ))}
      <OwnTime verb={verb} onPick={onPick} />
    </>
  );
}

function OwnTime({ verb, onPick }: Pick<MomentPickerProps, "verb" | "onPick">) {
  const { timezone } = useMe().organization;
  const now = useNow();
  const [own, setOwn] = useState(() => ({ day: dayAndClock(now, timezone).day, clock: "" }));
  const [tried, setTried] = useState(false);
  const problem = momentProblem(own.day, own.clock, timezone, now);
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    setTried(true);
    if (!problem) onPick(atClock(own.day, own.clock, timezone));
  };
  return (
    <form onSubmit={submit} noValidate className="mt-1.5 border-t border-line px-2.5 pt-2.5 pb-1">
      <MomentFields value={own} onChange={setOwn} problem={tried ? problem : null} />
      <div className="mt-2 flex items-center gap-2">
        <p className="min-w-0 flex-1 text-meta text-ink-2">{describeZone(timezone)}</p>
        <Button type="submit">{verb}</Button>
      </div>
    </form>
  );
}

/** A day and a time of day, in the organization's zone. */
export type DayAndClock = ReturnType<typeof dayAndClock>;

interface MomentFieldsProps {
  value: DayAndClock;
  onChange: (value: DayAndClock) => void;
  problem: string | null;
}

export function MomentFields({ value, onChange, problem }: MomentFieldsProps) {
  return (
    <>
      <div className="grid grid-cols-[3fr_2fr] gap-2">
        <TextField label="Day" type="date" value={value.day} onChange={(event) => onChange({ ...value, day: event.target.value })} />
        <TextField label="Time" type="time" value={value.clock} onChange={(event) => onChange({ ...value, clock: event.target.value })} />
      </div>
      {problem !== null && <p role="alert" className="mt-1 text-note text-red">{problem}</p>}
    </>
  );
}

/** "America/New York" */
export function describeZone(timeZone: string): string {
  return timeZone.replaceAll("_", " ");
}

/** A time to come in words: "9:00 am" of today, "Tomorrow, 9:00 am", "Mon, 30 Nov, 9:00 am". */
export function useMoments(): { brief: (at: string) => string } {
  const { time, dateTime, dayKey } = useFormats();
  const now = useNow();
  return {
    brief: (at) => {
      if (dayKey(at) === dayKey(now.toISOString())) return time(at);
      const isTomorrow = dayKey(at) === dayKey(new Date(now.getTime() + 86_400_000).toISOString());
      return isTomorrow ? `tomorrow, ${time(at)}` : dateTime(at);
    },
  };
}
