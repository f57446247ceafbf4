/** The students of a family and their classes. */
import { useState } from "react";

import { ClassPicker } from "@/ui/pickers";
import { NewClassForm } from "./NewClassForm";
import { newStudent, type StudentDraft } from "./student-draft";
import { describeWhen } from "@/lib/classes";
import { Button, IconButton } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { CloseIcon, PlusIcon } from "@/ui/icons";

interface StudentsEditorProps {
  students: StudentDraft[];
  onChange: (students: StudentDraft[]) => void;
  /** The API's error at this pointer. */
  errorOf: (pointer: string) => string | null;
}

export function StudentsEditor({ students, onChange, errorOf }: StudentsEditorProps) {
  const edit = (key: string, fields: Partial<StudentDraft>) =>
    onChange(students.map((each) => (each.key === key ? { ...each, ...fields } : each)));
  return (
    <fieldset className="space-y-3 rounded-lg border border-line px-3 pt-1 pb-3">
      <legend className="px-1 text-note text-ink-2">Students</legend>
      {students.map((student, index) => (
        <div key={student.key} className="space-y-2">
          <div className="flex items-end gap-2">
            <TextField
              label={`Student ${index + 1}`}
              autoComplete="off"
              className="min-w-0 flex-1"
              value={student.name}
              onChange={(event) => edit(student.key, { name: event.target.value })}
              error={errorOf(`/students/${index}/name`)}
            />
            <IconButton
              label={`Remove ${student.name.trim() || `student ${index + 1}`}`}
              className="mb-0.5"
              onClick={() => onChange(students.filter(({ key }) => key !== student.key))}
            >
              <CloseIcon size={16} />
            </IconButton>
          </div>
          <Classes student={student} onChange={(classes) => edit(student.key, { classes })} />
        </div>
      ))}
      <Button size="sm" onClick={() => onChange([...students, newStudent()])}>
        <PlusIcon size={14} />
        Add a student
      </Button>
    </fieldset>
  );
}

function Classes({ student, onChange }: { student: StudentDraft; onChange: (classes: StudentDraft["classes"]) => void }) {
  const [adding, setAdding] = useState<"pick" | { made: string } | null>(null);
  const who = student.name.trim() || "this student";
  const add = (each: StudentDraft["classes"][number]) => {
    setAdding(null);
    if (!student.classes.some(({ id }) => id === each.id)) onChange([...student.classes, each]);
  };
  return (
    <div className="space-y-2">
      {student.classes.length > 0 && (
        <ul className="flex flex-wrap gap-1.5" aria-label={`Classes of ${who}`}>
          {student.classes.map((each) => {
            const shown = [each.name, describeWhen(each)].filter(Boolean).join(" · ");
            return (
              <li key={each.id}>
                <Button size="sm" aria-label={`${shown}: take ${who} out`} onClick={() => onChange(student.classes.filter(({ id }) => id !== each.id))}>
                  <span className="max-w-[240px] truncate">{shown}</span>
                  <CloseIcon size={14} />
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      {adding === null && (
        <Button size="sm" variant="quiet" aria-label={`Add a class for ${who}`} onClick={() => setAdding("pick")}>
          <PlusIcon size={14} />
          Add a class
        </Button>
      )}
      {adding === "pick" && <ClassPicker onPick={add} onClose={() => setAdding(null)} onMake={(made) => setAdding({ made })} />}
      {adding !== null && adding !== "pick" && <NewClassForm name={adding.made} onMade={add} onCancel={() => setAdding(null)} />}
    </div>
  );
}
