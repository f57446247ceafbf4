import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { PermissionTags } from "@/ui/permissions";
import { StaffEditor } from "./StaffEditor";
import { describeError } from "@/api/problem";
import { useChangeStaffMember } from "@/api/records";
import { staffListQuery } from "@/api/staff";
import type { StaffMember } from "@/api/types";
import { Avatar, Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { SearchField } from "@/ui/SearchField";
import { PlusIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** Who can sign in, and what each may do. */
export function StaffAdministration() {
  const [q, setQ] = useState("");
  const [archived, setArchived] = useState(false);
  const [edited, setEdited] = useState<StaffMember | "new" | null>(null);
  const list = useInfiniteQuery(staffListQuery({ q: q.trim(), archived }));
  const { data, error, isError, isPlaceholderData, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const members = data?.pages.flatMap((page) => page.items);
  return (
    <section aria-label="Staff and permissions">
      <div className="flex flex-wrap items-center gap-2">
        <SearchField label="Search name or number" value={q} onChange={(event) => setQ(event.target.value)} className="min-w-0 flex-[1_1_220px] max-desk:basis-full" />
        <Button aria-pressed={archived} className="aria-pressed:bg-sunken" onClick={() => setArchived(!archived)}>
          Archived
        </Button>
        <Button variant="primary" onClick={() => setEdited("new")}>
          <PlusIcon size={16} />
          Add staff member
        </Button>
      </div>
      {isError && !members && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !members && <Skeleton className="mt-4 h-40" />}
      {members?.length === 0 && <EmptyState title={q ? `Nothing found for “${q.trim()}”` : archived ? "Nobody is archived" : "No staff yet"} />}
      <ul aria-label={archived ? "Archived staff" : "Staff"} aria-busy={isPlaceholderData} className="mt-3 divide-y divide-line">
        {members?.map((member) => (
          <li key={member.id} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-3 max-desk:relative max-desk:pr-16">
            <Avatar name={member.name} />
            <div className="min-w-0 flex-[1_1_180px]">
              <p className="truncate font-strong">
                <bdi>{member.name}</bdi>
              </p>
              <p className="truncate text-note text-ink-2">{member.email ?? "No email: cannot sign in"}</p>
            </div>
            <div className="flex flex-wrap gap-1.5 max-desk:basis-full max-desk:pl-12">
              <PermissionTags permissions={member.permissions} administrator={member.is_admin} />
            </div>
            {member.archived ? (
              <Restore member={member} />
            ) : (
              <Button size="sm" className={AT_END} aria-label={`Edit ${member.name}`} onClick={() => setEdited(member)}>
                Edit
              </Button>
            )}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {edited && <StaffEditor member={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </section>
  );
}

/** On a phone the permissions have a line of their own. */
const AT_END = "ml-auto max-desk:absolute max-desk:top-2.5 max-desk:right-0";

/** A restored staff member has the permissions of before, which the row shows. */
function Restore({ member }: { member: StaffMember }) {
  const { id, name } = member;
  const change = useChangeStaffMember(id);
  return (
    <Button
      size="sm"
      className={AT_END}
      aria-label={`Restore ${name}`}
      disabled={change.isPending}
      onClick={() =>
        change.mutate(
          { shown: member, body: { archived: false } },
          {
            onSuccess: () => showToast(`${name} restored. They can sign in again.`),
            onError: (error) => showToast(`Not restored. ${describeError(error)}`),
          },
        )
      }
    >
      Restore
    </Button>
  );
}
