import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { DirectoryPage } from "./DirectoryPage";
import { OptInSummary } from "./opt-in-summary";
import { RECORD_LINK, RecordRow } from "./RecordRow";
import { familyListQuery } from "@/api/families";
import { useFormats } from "@/api/format";
import type { Family } from "@/api/types";
import { FamiliesIcon } from "@/ui/icons";

export function FamiliesList({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const query = useInfiniteQuery(familyListQuery(q));
  return (
    <DirectoryPage
      title="Families"
      searchLabel="Search name or number"
      q={q}
      onSearch={onSearch}
      query={query}
      icon={<FamiliesIcon />}
      emptyTitle="No families yet"
      renderRow={(family) => <FamilyRow family={family} />}
    />
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
