/** Choosing a saved list by typing part of its name. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeAudience } from "./audience";
import { audiencesQuery, type Audience } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { Combobox } from "@/ui/Combobox";

interface ListPickerProps {
  taken: readonly string[];
  onPick: (audience: Audience) => void;
  onClose: () => void;
}

export const NO_NAMES: ReadonlyMap<string, string> = new Map();

export default function ListPicker({ taken, onPick, onClose }: ListPickerProps) {
  const [query, setQuery] = useState("");
  const { data, error } = useQuery(audiencesQuery);
  const wanted = query.trim().toLowerCase();
  const lists = data?.items.filter(({ id, name }) => !taken.includes(id) && name.toLowerCase().includes(wanted));
  return (
    <div className="mt-2 max-w-[420px]">
      <Combobox
        label="Saved lists"
        placeholder="Find a list"
        takesFocus
        query={query}
        onQuery={setQuery}
        items={lists ?? (error ? [] : undefined)}
        keyOf={({ id }) => id}
        renderItem={(each) => (
          <>
            <bdi className="block truncate">{each.name}</bdi>
            <span className="block truncate text-note text-ink-2">{describeAudience({ ...each.audience, audience_ids: [] }, { classes: NO_NAMES, lists: [] })}</span>
          </>
        )}
        onPick={onPick}
        onClose={onClose}
        empty={error ? describeError(error) : "No other list is called that."}
      />
    </div>
  );
}
