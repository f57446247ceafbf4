/** When it goes: once it is confirmed, or at a time of the business's clock. */
import { useId, useState } from "react";

import { useMe } from "@/api/session";
import { useNow } from "@/lib/clock";
import { atClock, dayAndClock } from "@/lib/days";
import { momentProblem, offeredMoments } from "@/lib/moments";
import { Button } from "@/ui/Button";
import { Mark } from "@/ui/form";
import { describeZone, MomentFields, useMoments } from "@/ui/MomentPicker";

interface WhenProps {
  value: string | null;
  onChange: (at: string | null) => void;
  /** Why what is typed is no time to come; null once it is one, or none is wanted. */
  onProblem: (problem: string | null) => void;
}

export function When({ value, onChange, onProblem }: WhenProps) {
  const { timezone } = useMe().organization;
  const { brief } = useMoments();
  const now = useNow();
  const id = useId();
  const offered = offeredMoments(now, timezone);
  const [isLater, setLater] = useState(value !== null);
  // What is typed is no moment yet.
  const [typed, setTyped] = useState<{ day: string; clock: string } | null>(null);
  const shown = typed ?? (value ? dayAndClock(new Date(value), timezone) : { day: dayAndClock(now, timezone).day, clock: "" });
  const problemOf = ({ day, clock }: typeof shown) => momentProblem(day, clock, timezone, now);
  const problem = isLater ? problemOf(shown) : null;
  const type = (next: { day: string; clock: string }) => {
    const why = problemOf(next);
    setTyped(next);
    onProblem(why);
    if (why === null) onChange(atClock(next.day, next.clock, timezone));
  };
  const pick = (at: string | null) => {
    setTyped(null);
    setLater(at !== null);
    onProblem(null);
    onChange(at);
  };
  return (
    <fieldset>
      <legend className="mb-1 text-title font-heading">When it goes</legend>
      <Mark type="radio" name={id} label="As soon as it is confirmed" checked={!isLater} onChange={() => pick(null)} />
      <Mark type="radio" name={id} label="At a time" checked={isLater} onChange={() => { setLater(true); onProblem(problemOf(shown)); }} />
      {isLater && (
        <div className="mt-2 ml-6.5 max-w-[420px] space-y-2 max-desk:ml-0">
          <div className="flex flex-wrap gap-2">
            {offered.map(({ label, at }) => (
              <Button key={label} size="sm" aria-pressed={at === value} className={at === value ? "!border-accent !bg-accent-soft" : ""} onClick={() => pick(at)}>
                {label === "Tomorrow" || label === "Monday" || label === "This evening" ? `${label}, ${brief(at).replace(/^.*, /, "")}` : label}
              </Button>
            ))}
          </div>
          <MomentFields value={shown} onChange={type} problem={(typed ?? value) !== null ? problem : null} />
          <p className="text-note text-ink-2">On the clock of the business: {describeZone(timezone)}.</p>
        </div>
      )}
    </fieldset>
  );
}
