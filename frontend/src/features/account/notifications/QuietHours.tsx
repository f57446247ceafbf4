import { useState } from "react";

import type { NotificationSettings } from "@/api/notifications";
import { TextField } from "@/ui/fields";
import { Mark } from "@/ui/form";

type Hours = NonNullable<NotificationSettings["quiet_hours"]>;

const EVENING: Hours = { since: "20:00", until: "07:00" };

interface QuietHoursProps {
  hours: Hours | null;
  timeZone: string;
  onChange: (hours: Hours | null) => void;
}

/** Hours in which nothing is told. A time is saved once it is whole. */
export function QuietHours({ hours, timeZone, onChange }: QuietHoursProps) {
  const [typed, setTyped] = useState<Partial<Hours>>({});
  const shown = { ...(hours ?? EVENING), ...typed };
  const same = shown.since === shown.until;

  const save = () => {
    const isChanged = hours !== null && (shown.since !== hours.since || shown.until !== hours.until);
    if (!isChanged || same || shown.since === "" || shown.until === "") return;
    onChange(shown);
    setTyped({});
  };

  return (
    <div>
      <Mark
        label="Not during quiet hours"
        hint="What comes then waits in the inbox; you are not told later."
        checked={hours !== null}
        onChange={({ currentTarget: { checked } }) => {
          setTyped({});
          onChange(checked ? EVENING : null);
        }}
      />
      {hours !== null && (
        <div className="mt-1 ml-6.5">
          <div className="flex flex-wrap gap-3">
            <TextField
              label="From"
              type="time"
              className="w-32"
              value={shown.since}
              onChange={({ currentTarget: { value } }) => setTyped({ ...typed, since: value })}
              onBlur={save}
            />
            <TextField
              label="To"
              type="time"
              className="w-32"
              value={shown.until}
              error={same ? "Choose another time." : null}
              onChange={({ currentTarget: { value } }) => setTyped({ ...typed, until: value })}
              onBlur={save}
            />
          </div>
          <p className="mt-1 text-note text-ink-2">In the time of the business, {timeZone.replaceAll("_", " ")}.</p>
        </div>
      )}
    </div>
  );
}
