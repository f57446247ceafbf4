/** Choosing a tag, a location or a class by typing part of it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { classSearchQuery, locationsQuery, tagsQuery } from "@/api/classes";
import { describeError } from "@/api/problem";
import type { ListedClass, RecordLocation, RecordTag } from "@/api/types";
import { describeClass } from "@/lib/classes";
import { plural } from "@/lib/text";
import { Combobox } from "@/ui/Combobox";

interface PickerProps<Item> {
  onPick: (item: Item) => void;
  onClose: () => void;
}

export function TagPicker({ onPick, onClose }: PickerProps<RecordTag>) {
  const [query, setQuery] = useState("");
  const { data, error } = useQuery(tagsQuery);
  const typed = query.trim().toLowerCase();
  return (
    <Combobox
      label="Tags"
      placeholder="Find a tag"
      takesFocus
      query={query}
      onQuery={setQuery}
      items={data?.items.filter(({ name }) => name.toLowerCase().includes(typed)) ?? (error ? [] : undefined)}
      keyOf={({ name }) => name}
      renderItem={({ name, families, staff_members }) => (
        <span className="flex gap-2">
          <bdi className="min-w-0 flex-1 truncate">{name}</bdi>
          <span className="text-note text-ink-2">{plural(families, "family", "families")}, {staff_members} staff</span>
        </span>
      )}
      onPick={onPick}
      onClose={onClose}
      empty={error ? describeError(error) : `No tag has “${query.trim()}”.`}
    />
  );
}

const COUNTED: Record<"families" | "staff_members" | "classes", [string, string]> = {
  families: ["family", "families"],
  staff_members: ["staff member", "staff"],
  classes: ["class", "classes"],
};

interface LocationPickerProps extends PickerProps<RecordLocation> {
  counts: keyof typeof COUNTED;
}

export function LocationPicker({ counts, onPick, onClose }: LocationPickerProps) {
  const [query, setQuery] = useState("");
  const { data, error } = useQuery(locationsQuery);
  const typed = query.trim().toLowerCase();
  return (
    <Combobox
      label="Locations"
      placeholder="Find a location"
      takesFocus
      query={query}
      onQuery={setQuery}
      items={data?.items.filter(({ name }) => name.toLowerCase().includes(typed)) ?? (error ? [] : undefined)}
      keyOf={({ name }) => name}
      renderItem={(each) => (
        <span className="flex gap-2">
          <bdi className="min-w-0 flex-1 truncate">{each.name}</bdi>
          <span className="text-note text-ink-2">{plural(each[counts], ...COUNTED[counts])}</span>
        </span>
      )}
      onPick={onPick}
      onClose={onClose}
      empty={error ? describeError(error) : `No location has “${query.trim()}”.`}
    />
  );
}

interface ClassPickerProps extends PickerProps<ListedClass> {
  /** Offered when nothing is found: makes a class of this name. */
  onMake?: (name: string) => void;
}

export function ClassPicker({ onPick, onClose, onMake }: ClassPickerProps) {
  const [query, setQuery] = useState("");
  const { data, error, isPlaceholderData } = useQuery(classSearchQuery(query.trim()));
  const name = query.trim();
  return (
    <div>
      <Combobox
        label="Classes"
        placeholder="Find a class by name, day or coach"
        takesFocus
        query={query}
        onQuery={setQuery}
        items={data?.items ?? (error ? [] : undefined)}
        isEarlier={isPlaceholderData}
        keyOf={({ id }) => id}
        renderItem={(each) => (
          <>
            <span className="flex gap-2">
              <bdi className="min-w-0 flex-1 truncate">{each.name}</bdi>
              <span className="text-note text-ink-2">{plural(each.students, "student")}</span>
            </span>
            <span className="block truncate text-note text-ink-2">{describeClass(each)}</span>
          </>
        )}
        onPick={onPick}
        onClose={onClose}
        empty={error ? describeError(error) : name ? `No class has “${name}”.` : "There are no classes yet."}
      />
      {onMake && (
        <button
          type="button"
          className="min-h-8 rounded-md px-3 text-note text-accent underline-offset-2 hover:underline max-desk:min-h-[44px]"
          onClick={() => onMake(name)}
        >
          {name ? <>Make the class “<bdi>{name}</bdi>”</> : "Make a class"}
        </button>
      )}
    </div>
  );
}
