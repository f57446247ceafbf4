/** The unsaved state of a class, and its request body. */
import type { NewClass } from "@/api/classes";
import type { StudentClass } from "@/api/types";
import type { Weekday } from "@/lib/weekdays";

export interface ClassDraft {
  name: string;
  weekdays: Weekday[];
  /** "17:30" */
  time: string;
  room: string;
  coach: string;
  location: string;
}

export function draftClass(each: StudentClass | null, name = ""): ClassDraft {
  return {
    name: each?.name ?? name,
    weekdays: each?.weekdays ?? [],
    time: each?.time ?? "",
    room: each?.room ?? "",
    coach: each?.coach ?? "",
    location: each?.location ?? "",
  };
}

export function sentClass({ name, weekdays, time, room, coach, location }: ClassDraft): NewClass {
  return {
    name: name.trim(),
    weekdays,
    time: time || null,
    room: room.trim() || null,
    coach: coach.trim() || null,
    location: location.trim() || null,
  };
}

/** Only what was changed here: what somebody else changes meanwhile stays. */
export function changedClass(each: StudentClass, draft: ClassDraft): Partial<NewClass> {
  const before = sentClass(draftClass(each));
  const after = sentClass(draft);
  const isChanged = (key: keyof NewClass) => JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  return Object.fromEntries(Object.entries(after).filter(([key]) => isChanged(key as keyof NewClass)));
}
