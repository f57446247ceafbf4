import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { DirectoryFilters, isNarrowed } from "./DirectoryFilters";
import { DirectoryPage, type DirectoryListProps } from "./DirectoryPage";
import { FamilyRow } from "./FamilyRow";
import { ReadOnlyNote } from "./ReadOnlyNote";
import { TextThese } from "./TextThese";
import { familyListQuery } from "@/api/families";
import { may, useMe } from "@/api/session";
import { Button } from "@/ui/Button";
import { FamiliesIcon, PlusIcon } from "@/ui/icons";

const ImportDialog = lazy(() => import("./ImportDialog"));
const FamilyEditor = lazy(() => import("./FamilyEditor"));

export function FamiliesList({ filter, onFilter }: DirectoryListProps) {
  const query = useInfiniteQuery(familyListQuery(filter));
  return (
    <DirectoryPage
      title="Families"
      searchLabel="Search name or number"
      q={filter.q}
      onFilter={onFilter}
      filters={<DirectoryFilters filter={filter} onFilter={onFilter} filtersByClass />}
      isNarrowed={isNarrowed(filter)}
      query={query}
      icon={<FamiliesIcon />}
      emptyTitle="No families yet"
      searched="Names, children’s names and phone numbers are searched; part of one is enough."
      emptyHint="Add one, or import those that your class software has."
      action={
        <div className="flex flex-wrap gap-2">
          {(filter.q !== "" || isNarrowed(filter)) && <TextThese of="families" filter={filter} />}
          {may(useMe(), "directory") ? (
            <>
              <Import />
              <AddFamily />
            </>
          ) : (
            <ReadOnlyNote />
          )}
        </div>
      }
      renderRow={(family) => <FamilyRow family={family} />}
    />
  );
}

function Import() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Import</Button>
      {open && (
        <Suspense fallback={null}>
          <ImportDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function AddFamily() {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  return (
    <>
      <Button variant="primary" onClick={() => setOpen(true)}>
        <PlusIcon size={16} />
        Add family
      </Button>
      {open && (
        <Suspense fallback={null}>
          <FamilyEditor
            family={null}
            onSaved={({ id }) => void navigate({ to: "/families/$familyId", params: { familyId: id } })}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  );
}
