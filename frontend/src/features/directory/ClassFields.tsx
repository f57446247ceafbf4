import type { ClassDraft } from "./class-draft";
import { DayName } from "./DayName";
import { WEEKDAYS, type Weekday } from "@/lib/weekdays";
import { Button } from "@/ui/Button";
import { LocationField } from "@/ui/facts/LocationField";
import { TextField } from "@/ui/fields";

interface ClassFieldsProps {
  draft: ClassDraft;
  onChange: (draft: ClassDraft) => void;
  errorOf: (pointer: string) => string | null;
}

export function ClassFields({ draft, onChange, errorOf }: ClassFieldsProps) {
  const edit = (fields: Partial<ClassDraft>) => onChange({ ...draft, ...fields });
  const toggle = (day: Weekday) =>
    edit({ weekdays: WEEKDAYS.filter((each) => (each === day ? !draft.weekdays.includes(day) : draft.weekdays.includes(each))) });
  return (
    <>
      <TextField
        label="Class" autoComplete="off" maxLength={120} value={draft.name}
        onChange={(event) => edit({ name: event.target.value })} error={errorOf("/name")}
      />
      <div role="group" aria-label="Days">
        <p aria-hidden="true" className="mb-1 font-strong">
          Days
        </p>
        <div className="flex flex-wrap gap-1">
          {WEEKDAYS.map((day) => (
            <Button
              key={day}
              size="sm"
              aria-pressed={draft.weekdays.includes(day)}
              className="min-w-11 aria-pressed:!border-accent aria-pressed:!bg-accent-soft"
              onClick={() => toggle(day)}
            >
              <DayName day={day} />
            </Button>
          ))}
        </div>
      </div>
      <div className="flex gap-2">
        <TextField
          label="Time" type="time" className="min-w-0 flex-1" value={draft.time}
          onChange={(event) => edit({ time: event.target.value })} error={errorOf("/time")}
        />
        <TextField
          label="Room" autoComplete="off" maxLength={60} className="min-w-0 flex-1" value={draft.room}
          onChange={(event) => edit({ room: event.target.value })} error={errorOf("/room")}
        />
      </div>
      <TextField
        label="Coach" autoComplete="off" maxLength={200} value={draft.coach}
        onChange={(event) => edit({ coach: event.target.value })} error={errorOf("/coach")}
      />
      <LocationField value={draft.location} onChange={(location) => edit({ location })} error={errorOf("/location")} />
    </>
  );
}
