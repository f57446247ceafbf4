/** The fields of an editor for tags, location and notes. */
import type { FactsDraft } from "./facts-draft";
import { LocationField } from "./LocationField";
import { TagsField } from "./TagsField";
import { TextArea } from "@/ui/form";

interface FactsFieldsProps {
  facts: FactsDraft;
  onChange: (facts: FactsDraft) => void;
  errorOf: (pointer: string) => string | null;
}

export function FactsFields({ facts, onChange, errorOf }: FactsFieldsProps) {
  const ofTag = [...facts.tags, facts.typedTag].map((_, index) => errorOf(`/tags/${index}`));
  return (
    <>
      <TagsField
        tags={facts.tags}
        typed={facts.typedTag}
        onChange={(change) => onChange({ ...facts, ...change })}
        error={errorOf("/tags") ?? ofTag.find(Boolean) ?? null}
      />
      <LocationField value={facts.location} onChange={(location) => onChange({ ...facts, location })} error={errorOf("/location")} />
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
