/** The classes of the business: when and where they are, who coaches, how many students. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { useLocationFilter } from "./DirectoryFilters";
import { DirectoryPage } from "./DirectoryPage";
import { DayName } from "./DayName";
import { FilterBar, FilterToggle } from "@/ui/FilterBar";
import { ReadOnlyNote } from "./ReadOnlyNote";
import { classListQuery } from "@/api/classes";
import type { ClassFilter } from "@/api/keys";
import { may, useMe } from "@/api/session";
import type { ListedClass } from "@/api/types";
import { describeRoom, describeWhen } from "@/lib/classes";
import type { DirectorySearch } from "@/lib/directory-search";
import { WEEKDAYS } from "@/lib/weekdays";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ClassesIcon, PlusIcon } from "@/ui/icons";

const ClassEditor = lazy(() => import("./ClassEditor"));

interface ClassesListProps {
  filter: ClassFilter;
  onFilter: (changed: DirectorySearch) => void;
}

export function ClassesList({ filter, onFilter }: ClassesListProps) {
  const query = useInfiniteQuery(classListQuery(filter));
  return (
    <DirectoryPage
      title="Classes"
      searchLabel="Search class, day or coach"
      q={filter.q}
      onFilter={onFilter}
      filters={<ClassFilters filter={filter} onFilter={onFilter} />}
      isNarrowed={Boolean(filter.day ?? filter.location ?? filter.archived)}
      query={query}
      head={<Head />}
      icon={<ClassesIcon />}
      emptyTitle="No classes yet"
      emptyHint="They come with an import of families, or are added here. Students join them on their family’s record."
      searched="Names, days, rooms and coaches are searched."
      action={may(useMe(), "directory") ? <AddClass /> : <ReadOnlyNote what="classes" />}
      renderRow={(each) => <ClassRow each={each} />}
    />
  );
}

function ClassFilters({ filter: { day, location, archived }, onFilter }: ClassesListProps) {
  const locationFilter = useLocationFilter(location, onFilter, "classes");
  return (
    <FilterBar filters={locationFilter ? [locationFilter] : []}>
      {WEEKDAYS.map((each) => (
        <FilterToggle key={each} isOn={day === each} onChange={(isOn) => onFilter({ day: isOn ? each : undefined })}>
          <DayName day={each} />
        </FilterToggle>
      ))}
      <FilterToggle isOn={archived === true} onChange={(isOn) => onFilter({ archived: isOn || undefined })}>
        Archived
      </FilterToggle>
    </FilterBar>
  );
}

function AddClass() {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  return (
    <>
      <Button variant="primary" onClick={() => setOpen(true)}>
        <PlusIcon size={16} />
        Add class
      </Button>
      {open && (
        <Suspense fallback={null}>
          <ClassEditor
            each={null}
            onSaved={({ id }) => void navigate({ to: "/classes/$classId", params: { classId: id } })}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  );
}

const COLUMNS = "desk:grid desk:grid-cols-[minmax(0,5fr)_minmax(0,4fr)_minmax(0,3fr)_minmax(0,3fr)_72px] desk:gap-x-4";

function Head() {
  return (
    <div aria-hidden="true" className="mx-auto hidden w-full max-w-[880px] px-2 pt-2 text-note text-ink-2 desk:block">
      <div className={`${COLUMNS} px-3`}>
        <span>Class</span>
        <span>Day and time</span>
        <span>Room</span>
        <span>Coach</span>
        <span className="text-right">Students</span>
      </div>
    </div>
  );
}

function ClassRow({ each }: { each: ListedClass }) {
  const when = describeWhen(each);
  const room = each.room && describeRoom(each.room);
  return (
    <Link
      to="/classes/$classId"
      params={{ classId: each.id }}
      className={`${COLUMNS} relative block rounded-lg px-3 py-2.5 transition-colors -outline-offset-2 hover:bg-sunken max-desk:py-3 max-desk:pr-24 desk:items-center`}
    >
      <span className="block min-w-0">
        <span className="flex items-center gap-1.5 font-strong">
          <bdi className="truncate">{each.name}</bdi>
          {each.archived && <Tag>Archived</Tag>}
        </span>
        <span className="block text-note text-ink-2 desk:hidden">{[when, room, each.coach].filter(Boolean).join(" · ")}</span>
        {each.location && <bdi className="block truncate text-note text-ink-2">{each.location}</bdi>}
      </span>
      <Cell>{when}</Cell>
      <Cell>{room}</Cell>
      <Cell>{each.coach}</Cell>
      <span className="block text-right text-note text-ink-2 tabular max-desk:absolute max-desk:top-3 max-desk:right-3 desk:text-body desk:text-ink">
        {each.students} <span className="desk:sr-only">{each.students === 1 ? "student" : "students"}</span>
      </span>
    </Link>
  );
}

function Cell({ children }: { children: string | null }) {
  return <bdi className="min-w-0 truncate text-ink-2 max-desk:hidden">{children}</bdi>;
}
