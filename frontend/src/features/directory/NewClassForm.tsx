/** Makes a class of the business. It stands within another form, so it is no form itself. */
import { useState } from "react";

import { useCreateClass } from "@/api/classes";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { StudentClass } from "@/api/types";
import { shortDay, WEEKDAYS, type Weekday } from "@/lib/classes";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { FormProblem } from "@/ui/form";

interface NewClassFormProps {
  name: string;
  onMade: (made: StudentClass) => void;
  onCancel: () => void;
}

export function NewClassForm({ name: typed, onMade, onCancel }: NewClassFormProps) {
  const create = useCreateClass();
  const submission = useSubmission();
  const [name, setName] = useState(typed);
  const [weekdays, setWeekdays] = useState<Weekday[]>([]);
  const [time, setTime] = useState("");
  const [room, setRoom] = useState("");
  const [coach, setCoach] = useState("");
  const save = () => {
    const body = { name: name.trim(), weekdays, time: time || null, room: room.trim() || null, coach: coach.trim() || null };
    create.mutate({ body, key: submission.keyFor(body) }, { onSuccess: onMade });
  };
  const fieldErrors = isProblem(create.error, PROBLEM.validation) ? (create.error.problem.errors ?? []) : [];
  const nameError = fieldErrors.find(({ pointer }) => pointer === "/name")?.detail ?? null;
  return (
    <div role="group" aria-label="New class" className="space-y-3 rounded-lg bg-sunken p-3">
      <TextField label="Class" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} error={nameError} />
      <div role="group" aria-label="Days" className="flex flex-wrap gap-1">
        {WEEKDAYS.map((day) => (
          <Button
            key={day}
            size="sm"
            aria-pressed={weekdays.includes(day)}
            className={weekdays.includes(day) ? "!border-accent !bg-accent-soft" : ""}
            onClick={() => setWeekdays(weekdays.includes(day) ? weekdays.filter((each) => each !== day) : [...weekdays, day])}
          >
            {shortDay(day)}
          </Button>
        ))}
      </div>
      <div className="flex gap-2">
        <TextField label="Time" type="time" className="min-w-0 flex-1" value={time} onChange={(event) => setTime(event.target.value)} />
        <TextField label="Room" autoComplete="off" className="min-w-0 flex-1" value={room} onChange={(event) => setRoom(event.target.value)} />
      </div>
      <TextField label="Coach" autoComplete="off" value={coach} onChange={(event) => setCoach(event.target.value)} />
      <FormProblem>{create.error && nameError === null && describeError(create.error)}</FormProblem>
      <div className="flex justify-end gap-2">
        <Button size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button size="sm" variant="primary" disabled={create.isPending || name.trim() === ""} onClick={save}>
          Make the class
        </Button>
      </div>
    </div>
  );
}
