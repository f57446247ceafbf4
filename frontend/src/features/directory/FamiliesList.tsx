import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { DirectoryPage, type DirectoryListProps } from "./DirectoryPage";
import { OptInSummary } from "./opt-in-summary";
import { ReadOnlyNote } from "./ReadOnlyNote";
import { RECORD_LINK, RecordRow } from "./RecordRow";
import { familyListQuery } from "@/api/families";
import { useFormats } from "@/api/format";
import { may, useMe } from "@/api/session";
import type { Family } from "@/api/types";
import { Button } from "@/ui/Button";
import { FamiliesIcon, PlusIcon } from "@/ui/icons";

const FamilyEditor = lazy(() => import("./FamilyEditor"));

export function FamiliesList({ filter, onFilter }: DirectoryListProps) {
  const query = useInfiniteQuery(familyListQuery(filter));
  return (
    <DirectoryPage
      title="Families"
      searchLabel="Search name or number"
      filter={filter}
      onFilter={onFilter}
      filtersByClass
      query={query}
      icon={<FamiliesIcon />}
      emptyTitle="No families yet"
      action={may(useMe(), "directory") ? <AddFamily /> : <ReadOnlyNote />}
      renderRow={(family) => <FamilyRow family={family} />}
    />
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

function FamilyRow({ family }: { family: Family }) {
  const { phone } = useFormats();
  const records = family.contacts.flatMap((contact) => contact.phone_records);
  const people = family.contacts.map((contact) => {
    const numbers = contact.phone_records.map((record) => phone(record.phone_number));
    return [contact.name, ...numbers].join(" ");
  });
  return (
    <Link to="/families/$familyId" params={{ familyId: family.id }} className={RECORD_LINK}>
      <RecordRow name={family.name} avatarName={family.contacts[0]?.name ?? family.name} detail={people.join(" · ")} archived={family.archived}>
        <OptInSummary records={records} />
      </RecordRow>
    </Link>
  );
}
