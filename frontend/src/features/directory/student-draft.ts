/** The unsaved students of a record's editor, and their request body. */
import type { Family, StudentClass } from "@/api/types";

export interface StudentDraft {
  /** Names the row; not sent. */
  key: string;
  id: string | null;
  name: string;
  classes: Pick<StudentClass, "id" | "name" | "weekdays" | "time">[];
}

export const newStudent = (): StudentDraft => ({ key: crypto.randomUUID(), id: null, name: "", classes: [] });

export function draftStudents(family: Family): StudentDraft[] {
  return family.students.map(({ id, name, classes }) => ({ key: id, id, name, classes }));
}

/** Leaves out empty rows. */
function sentStudents(students: StudentDraft[]) {
  return students
    .filter(({ id, name, classes }) => id !== null || name.trim() !== "" || classes.length > 0)
    .map(({ id, name, classes }) => ({
      ...(id && { id }),
      name: name.trim(),
      classes: classes.map((each) => ({ id: each.id })),
    }));
}

export function changedStudents(family: Family | null, students: StudentDraft[]) {
  const sent = sentStudents(students);
  const before = family ? sentStudents(draftStudents(family)) : [];
  return JSON.stringify(sent) === JSON.stringify(before) ? {} : { students: sent };
}
