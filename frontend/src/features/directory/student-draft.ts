/** The unsaved students and tags of a record's editor, and their request body. */
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

/** "team, VIP" */
const typedTags = (tags: readonly string[]): string => tags.join(", ");

function sentTags(typed: string): string[] {
  return typed.split(",").map((tag) => tag.trim()).filter(Boolean);
}

export interface FactsDraft {
  /** As typed, separated by commas. */
  tags: string;
  location: string;
  notes: string;
}

type Facts = Pick<Family, "tags" | "location" | "notes">;

export function draftFacts(record: Facts | null): FactsDraft {
  return { tags: typedTags(record?.tags ?? []), location: record?.location ?? "", notes: record?.notes ?? "" };
}

/** Only what was changed here: what somebody else changes meanwhile stays. */
export function changedFacts(record: Facts | null, facts: FactsDraft) {
  const before = draftFacts(record);
  return {
    ...(facts.tags !== before.tags && { tags: sentTags(facts.tags) }),
    ...(facts.location.trim() !== before.location && { location: facts.location.trim() }),
    ...(facts.notes.trim() !== before.notes && { notes: facts.notes.trim() }),
  };
}

export function changedStudents(family: Family | null, students: StudentDraft[]) {
  const sent = sentStudents(students);
  const before = family ? sentStudents(draftStudents(family)) : [];
  return JSON.stringify(sent) === JSON.stringify(before) ? {} : { students: sent };
}
