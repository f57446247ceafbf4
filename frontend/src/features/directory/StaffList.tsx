import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { DirectoryFilters, isNarrowed } from "./DirectoryFilters";
import { DirectoryPage, type DirectoryListProps } from "./DirectoryPage";
import { OptInSummary } from "./opt-in-summary";
import { TextThese } from "./TextThese";
import { RECORD_LINK, RecordRow } from "./RecordRow";
import { useFormats } from "@/api/format";
import { staffListQuery } from "@/api/staff";
import type { StaffMember } from "@/api/types";
import { StaffIcon } from "@/ui/icons";

export function StaffList({ filter, onFilter }: DirectoryListProps) {
  const query = useInfiniteQuery(staffListQuery(filter));
  return (
    <DirectoryPage
      title="Staff"
      searchLabel="Search name or number"
      q={filter.q}
      onFilter={onFilter}
      filters={<DirectoryFilters filter={filter} onFilter={onFilter} filtersByClass={false} />}
      isNarrowed={isNarrowed(filter)}
      action={(filter.q !== "" || isNarrowed(filter)) && <TextThese of="staff" filter={filter} />}
      query={query}
      icon={<StaffIcon />}
      emptyTitle="No staff yet"
      searched="Names and phone numbers are searched; part of one is enough."
      renderRow={(member) => <StaffRow member={member} />}
    />
  );
}

function StaffRow({ member }: { member: StaffMember }) {
  const { phone } = useFormats();
  const numbers = member.phone_records.map((record) => phone(record.phone_number));
  return (
    <Link to="/staff/$staffMemberId" params={{ staffMemberId: member.id }} className={RECORD_LINK}>
      <RecordRow name={member.name} detail={[...numbers, member.email].filter(Boolean).join(" · ")} tags={member.tags} archived={member.archived}>
        <OptInSummary records={member.phone_records} />
      </RecordRow>
    </Link>
  );
}
