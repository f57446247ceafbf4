/** Tags of a record: those that other records have are found by typing; Enter or a comma adds a new one. */
import { useQuery } from "@tanstack/react-query";

import { withTags } from "./facts-draft";
import { tagsQuery } from "@/api/classes";
import { Button } from "@/ui/Button";
import { Combobox } from "@/ui/Combobox";
import { CloseIcon } from "@/ui/icons";

const LONGEST = 40;
const SUGGESTED = 6;

interface TagsFieldProps {
  tags: string[];
  typed: string;
  onChange: (change: { tags?: string[]; typedTag?: string }) => void;
  error: string | null;
}

export function TagsField({ tags, typed, onChange, error }: TagsFieldProps) {
  const { data } = useQuery(tagsQuery);
  const wanted = typed.trim().toLowerCase();
  const known = data?.items.map(({ name }) => name) ?? [];
  const found = known.filter((name) => name.toLowerCase().includes(wanted) && !tags.includes(name)).slice(0, SUGGESTED);
  const isNew = ![...found, ...tags].some((name) => name.toLowerCase() === wanted);
  const items = wanted ? [...found, ...(isNew ? [typed.trim()] : [])] : [];
  const add = (text: string) => onChange({ tags: withTags(tags, text), typedTag: "" });
  return (
    <div role="group" aria-label="Tags" className="space-y-1">
      <p aria-hidden="true" className="font-strong">
        Tags
      </p>
      {tags.length > 0 && (
        <ul className="flex flex-wrap gap-1.5 pb-1">
          {tags.map((tag) => (
            <li key={tag}>
              <Button size="sm" aria-label={`Take off the tag ${tag}`} onClick={() => onChange({ tags: tags.filter((each) => each !== tag) })}>
                <bdi className="max-w-[220px] truncate">{tag}</bdi>
                <CloseIcon size={14} />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Combobox
        label="Add a tag"
        maxLength={LONGEST}
        query={typed}
        onQuery={(text) => (text.includes(",") ? add(text) : onChange({ typedTag: text }))}
        items={items}
        keyOf={(name) => name}
        renderItem={(name) =>
          known.includes(name) ? (
            <bdi>{name}</bdi>
          ) : (
            <>
              Add “<bdi>{name}</bdi>”
            </>
          )
        }
        onPick={add}
        onClose={() => onChange({ typedTag: "" })}
        empty={wanted ? "It has this tag." : "Type to find a tag, or to make one."}
      />
      {error && <p className="text-note text-red">{error}</p>}
    </div>
  );
}
