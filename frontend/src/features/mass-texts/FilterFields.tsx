/** The filter of an audience. It means what the lists of families and staff mean by it. */
import { useQuery } from "@tanstack/react-query";
import { lazy } from "react";

import type { AudienceFilter } from "@/api/broadcasts";
import { classQuery, classSearchQuery, locationsQuery, tagsQuery } from "@/api/classes";
import { describeWhen } from "@/lib/classes";
import { FilterBar, FilterToggle, type ListFilter } from "@/ui/FilterBar";

const TagPicker = lazy(() => import("@/ui/pickers").then(({ TagPicker }) => ({ default: TagPicker })));
const ClassPicker = lazy(() => import("@/ui/pickers").then(({ ClassPicker }) => ({ default: ClassPicker })));
const LocationPicker = lazy(() => import("@/ui/pickers").then(({ LocationPicker }) => ({ default: LocationPicker })));

interface FilterFieldsProps {
  filter: AudienceFilter;
  onChange: (filter: AudienceFilter) => void;
  of: "families" | "staff_members";
}

export function FilterFields({ filter, onChange, of }: FilterFieldsProps) {
  const { data: tags } = useQuery(tagsQuery);
  const { data: locations } = useQuery(locationsQuery);
  const { data: classes } = useQuery({ ...classSearchQuery(""), enabled: of === "families" });
  const { data: chosen } = useQuery({ ...classQuery(filter.class_id ?? ""), enabled: filter.class_id !== null });
  const change = (changed: Partial<AudienceFilter>) => onChange({ ...filter, ...changed });
  const filters: (ListFilter | false)[] = [
    of === "families" && (filter.class_id !== null || Boolean(classes?.items.length)) && {
      name: "Class",
      value: filter.class_id === null ? undefined : chosen ? [describeWhen(chosen), chosen.name].filter(Boolean).join(" ") : "chosen",
      onClear: () => change({ class_id: null }),
      picker: (close) => <ClassPicker onPick={({ id }) => { change({ class_id: id }); close(); }} onClose={close} />,
    },
    (filter.tag !== null || Boolean(tags?.items.length)) && {
      name: "Tag",
      value: filter.tag ?? undefined,
      onClear: () => change({ tag: null }),
      picker: (close) => <TagPicker onPick={({ name }) => { change({ tag: name }); close(); }} onClose={close} />,
    },
    (filter.location !== null || Boolean(locations?.items.length)) && {
      name: "Location",
      value: filter.location ?? undefined,
      onClear: () => change({ location: null }),
      picker: (close) => <LocationPicker counts={of} onPick={({ name }) => { change({ location: name }); close(); }} onClose={close} />,
    },
  ];
  return (
    <div className="mt-2 space-y-2">
      <FilterBar filters={filters.filter((each) => each !== false)}>
        <FilterToggle isOn={filter.archived} onChange={(archived) => change({ archived })}>
          Archived
        </FilterToggle>
      </FilterBar>
      <input
        type="search"
        aria-label={of === "families" ? "Families whose name or number has" : "Staff whose name or number has"}
        placeholder="Name or number, if only some"
        maxLength={200}
        value={filter.q ?? ""}
        onChange={(event) => change({ q: event.target.value || null })}
        className="h-9 w-full max-w-[420px] rounded-md border border-edge bg-surface px-3 text-ink placeholder:text-ink-3 max-desk:h-[44px] [@media(hover:none)]:text-title"
      />
    </div>
  );
}
