/** The unsaved tags, location and notes of a record, and their request body. */
export interface FactsDraft {
  tags: string[];
  /** A tag that is typed and not taken yet. It is saved, too. */
  typedTag: string;
  location: string;
  notes: string;
}

interface Facts {
  tags: string[];
  location: string | null;
  notes: string | null;
}

export function draftFacts(record: Facts | null): FactsDraft {
  return { tags: record?.tags ?? [], typedTag: "", location: record?.location ?? "", notes: record?.notes ?? "" };
}

const sameTag = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** With what was typed: several are separated by commas. A tag that is there already stays as it is. */
export function withTags(tags: string[], typed: string): string[] {
  const added = typed.split(",").map((tag) => tag.trim()).filter(Boolean);
  return added.reduce((all, tag) => (all.some((each) => sameTag(each, tag)) ? all : [...all, tag]), tags);
}

/** Only what was changed here: what somebody else changes meanwhile stays. */
export function changedFacts(record: Facts | null, { tags, typedTag, location, notes }: FactsDraft) {
  const before = draftFacts(record);
  const sent = withTags(tags, typedTag);
  return {
    ...(JSON.stringify(sent) !== JSON.stringify(before.tags) && { tags: sent }),
    ...(location.trim() !== before.location && { location: location.trim() }),
    ...(notes.trim() !== before.notes && { notes: notes.trim() }),
  };
}
