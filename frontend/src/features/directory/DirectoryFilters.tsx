/** Narrows a list of records to a tag and, of families, to a class. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { classSearchQuery, tagsQuery } from "@/api/classes";
import type { DirectoryFilter } from "@/api/keys";
import { Button } from "@/ui/Button";
import { CloseIcon } from "@/ui/icons";

const TagPicker = lazy(() => import("./pickers").then(({ TagPicker }) => ({ default: TagPicker })));
const ClassPicker = lazy(() => import("./pickers").then(({ ClassPicker }) => ({ default: ClassPicker })));

export interface FilterChange {
  q?: string | undefined;
  tag?: string | undefined;
  class?: string | undefined;
}

interface DirectoryFiltersProps {
  filter: DirectoryFilter;
  onFilter: (changed: FilterChange) => void;
  filtersByClass: boolean;
}

export function DirectoryFilters({ filter: { tag, classId }, onFilter, filtersByClass }: DirectoryFiltersProps) {
  const [open, setOpen] = useState<"tag" | "class" | null>(null);
  const { data: tags } = useQuery(tagsQuery);
  const { data: classes } = useQuery({ ...classSearchQuery(""), enabled: filtersByClass });
  const hasTags = tag !== undefined || Boolean(tags?.items.length);
  const hasClasses = filtersByClass && (classId !== undefined || Boolean(classes?.items.length));
  if (!hasTags && !hasClasses) return null;
  const className = classes?.items.find(({ id }) => id === classId)?.name ?? "chosen";
  const close = () => setOpen(null);
  return (
    <div className="order-2 w-full space-y-2">
      <div role="group" aria-label="Filters" className="flex flex-wrap gap-2">
        {hasTags && (
          <FilterButton
            name="Tag" value={tag} isOpen={open === "tag"}
            onOpen={() => setOpen(open === "tag" ? null : "tag")} onClear={() => onFilter({ tag: undefined })}
          />
        )}
        {hasClasses && (
          <FilterButton
            name="Class" value={classId && className} isOpen={open === "class"}
            onOpen={() => setOpen(open === "class" ? null : "class")} onClear={() => onFilter({ class: undefined })}
          />
        )}
      </div>
      {open !== null && (
        <div className="max-w-[420px]">
          <Suspense fallback={null}>
            {open === "tag" ? (
              <TagPicker onPick={({ name }) => { onFilter({ tag: name }); close(); }} onClose={close} />
            ) : (
              <ClassPicker onPick={({ id }) => { onFilter({ class: id }); close(); }} onClose={close} />
            )}
          </Suspense>
        </div>
      )}
    </div>
  );
}

interface FilterButtonProps {
  name: string;
  value: string | undefined;
  isOpen: boolean;
  onOpen: () => void;
  onClear: () => void;
}

function FilterButton({ name, value, isOpen, onOpen, onClear }: FilterButtonProps) {
  if (value === undefined) {
    return (
      <Button size="sm" aria-expanded={isOpen} onClick={onOpen}>
        {name}
      </Button>
    );
  }
  return (
    <Button size="sm" aria-label={`${name}: ${value}. Take off`} className="!border-accent !bg-accent-soft" onClick={onClear}>
      <span className="max-w-[220px] truncate">
        {name}: <bdi>{value}</bdi>
      </span>
      <CloseIcon size={14} />
    </Button>
  );
}
