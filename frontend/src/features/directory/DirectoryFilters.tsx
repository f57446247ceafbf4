/** Narrows a list of records to a tag, a location and, of families, a class. */
import { useQuery } from "@tanstack/react-query";
import { lazy } from "react";

import { FilterBar, FilterToggle, type ListFilter } from "@/ui/FilterBar";
import { classQuery, classSearchQuery, locationsQuery, tagsQuery } from "@/api/classes";
import type { DirectoryFilter } from "@/api/keys";
import type { DirectorySearch } from "@/lib/directory-search";

const TagPicker = lazy(() => import("@/ui/pickers").then(({ TagPicker }) => ({ default: TagPicker })));
const ClassPicker = lazy(() => import("@/ui/pickers").then(({ ClassPicker }) => ({ default: ClassPicker })));
const LocationPicker = lazy(() => import("@/ui/pickers").then(({ LocationPicker }) => ({ default: LocationPicker })));

interface DirectoryFiltersProps {
  filter: DirectoryFilter;
  onFilter: (changed: DirectorySearch) => void;
  filtersByClass: boolean;
}

export function DirectoryFilters({ filter: { tag, classId, location, archived }, onFilter, filtersByClass }: DirectoryFiltersProps) {
  const { data: tags } = useQuery(tagsQuery);
  const { data: classes } = useQuery({ ...classSearchQuery(""), enabled: filtersByClass });
  const { data: chosen } = useQuery({ ...classQuery(classId ?? ""), enabled: classId !== undefined });
  const locationFilter = useLocationFilter(location, onFilter, filtersByClass ? "families" : "staff_members");
  const filters: (ListFilter | false)[] = [
    (tag !== undefined || Boolean(tags?.items.length)) && {
      name: "Tag",
      value: tag,
      onClear: () => onFilter({ tag: undefined }),
      picker: (close) => <TagPicker onPick={({ name }) => { onFilter({ tag: name }); close(); }} onClose={close} />,
    },
    filtersByClass && (classId !== undefined || Boolean(classes?.items.length)) && {
      name: "Class",
      value: classId && (chosen?.name ?? "chosen"),
      onClear: () => onFilter({ class: undefined }),
      picker: (close) => <ClassPicker onPick={({ id }) => { onFilter({ class: id }); close(); }} onClose={close} />,
    },
    locationFilter,
  ];
  return (
    <FilterBar filters={filters.filter((each) => each !== false)}>
      <FilterToggle isOn={archived === true} onChange={(isOn) => onFilter({ archived: isOn || undefined })}>
        Archived
      </FilterToggle>
    </FilterBar>
  );
}

/** By more than a search. */
export function isNarrowed({ tag, classId, location, archived }: DirectoryFilter): boolean {
  return Boolean(tag ?? classId ?? location ?? archived);
}

/** Not there while nothing has a location. */
export function useLocationFilter(
  location: string | undefined,
  onFilter: (changed: DirectorySearch) => void,
  counts: "families" | "staff_members" | "classes",
): ListFilter | false {
  const { data: locations } = useQuery(locationsQuery);
  return (location !== undefined || Boolean(locations?.items.length)) && {
    name: "Location",
    value: location,
    onClear: () => onFilter({ location: undefined }),
    picker: (close) => <LocationPicker counts={counts} onPick={({ name }) => { onFilter({ location: name }); close(); }} onClose={close} />,
  };
}
