/** The fields of an editor for tags, location and notes. */
import type { FactsDraft } from "./student-draft";
import { TextField } from "@/ui/fields";
import { TextArea } from "@/ui/form";

interface FactsFieldsProps {
  facts: FactsDraft;
  onChange: (facts: FactsDraft) => void;
  errorOf: (pointer: string) => string | null;
}

export function FactsFields({ facts, onChange, errorOf }: FactsFieldsProps) {
  const tagError = errorOf("/tags") ?? facts.tags.split(",").map((_, index) => errorOf(`/tags/${index}`)).find(Boolean) ?? null;
  return (
    <>
      <TextField
        label="Tags"
        autoComplete="off"
        hint="Separated by commas"
        value={facts.tags}
        onChange={(event) => onChange({ ...facts, tags: event.target.value })}
        error={tagError}
      />
      <TextField
        label="Location"
        autoComplete="off"
        value={facts.location}
        onChange={(event) => onChange({ ...facts, location: event.target.value })}
        error={errorOf("/location")}
      />
      <TextArea
        label="Notes"
        rows={3}
        maxLength={4000}
        hint="Staff see them beside each conversation. They are never sent."
        value={facts.notes}
        onChange={(event) => onChange({ ...facts, notes: event.target.value })}
      />
    </>
  );
}
