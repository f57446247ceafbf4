/** A class with the families of its students. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { FamilyRow } from "./FamilyRow";
import { TextThese } from "./TextThese";
import { classQuery } from "@/api/classes";
import { familyListQuery } from "@/api/families";
import { isMissing } from "@/api/problem";
import { may, useMe } from "@/api/session";
import type { ListedClass } from "@/api/types";
import { describeClass } from "@/lib/classes";
import { plural } from "@/lib/text";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { EndlessList } from "@/ui/EndlessList";
import { BackIcon, FamiliesIcon } from "@/ui/icons";
import { ActionLink, EmptyState, ErrorState } from "@/ui/states";

const ClassEditor = lazy(() => import("./ClassEditor"));

const ROW_HEIGHT = 84;

export function ClassRecord({ classId }: { classId: string }) {
  const me = useMe();
  const { data: each, error, isError, refetch } = useQuery(classQuery(classId));
  if (isError && !each) {
    const back = <ActionLink to="/classes">Show all classes</ActionLink>;
    return isMissing(error) ? (
      <EmptyState heading title="This class isn’t here" className="h-full" action={back}>
        The address may be mistyped.
      </EmptyState>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} back={back} />
    );
  }
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto max-w-[880px] px-4 pt-3 pb-3.5">
          <Link to="/classes" className="-ml-1 inline-flex items-center gap-1 rounded-sm text-note target text-ink-2 hover:text-ink">
            <BackIcon size={16} />
            Classes
          </Link>
          <div className="mt-2 flex flex-wrap items-start gap-3">
            <div className="min-w-0 flex-1">
              <h1 className="flex items-center gap-2 text-page font-heading">
                {each ? <bdi className="[overflow-wrap:anywhere]">{each.name}</bdi> : <Skeleton className="h-5 w-40" />}
                {each?.archived && <Tag>Archived</Tag>}
              </h1>
              {each && <p className="text-note text-ink-2">{describeClass(each)}</p>}
            </div>
            {each && each.families > 0 && !each.archived && <TextThese of="families" filter={{ classId: each.id }} label="Text this class" />}
            {each && may(me, "directory") && <EditClass each={each} />}
          </div>
        </div>
      </header>
      {each && <Families each={each} />}
    </main>
  );
}

function EditClass({ each }: { each: ListedClass }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Edit</Button>
      {open && (
        <Suspense fallback={null}>
          <ClassEditor each={each} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function Families({ each }: { each: ListedClass }) {
  const query = useInfiniteQuery(familyListQuery({ q: "", classId: each.id }));
  const families = query.data?.pages.flatMap((page) => page.items);
  if (!families) {
    return query.isError ? (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <Skeleton className="mx-auto mt-4 h-40 w-full max-w-[848px]" />
    );
  }
  if (families.length === 0) {
    return (
      <EmptyState
        icon={<FamiliesIcon />}
        title="No students yet"
        className="flex-1"
        action={<ActionLink to="/families">Show all families</ActionLink>}
      >
        A student joins a class on their family’s record.
      </EmptyState>
    );
  }
  return (
    <>
      <h2 className="mx-auto w-full max-w-[880px] px-5 pt-3 text-note text-ink-2">
        {plural(each.students, "student")} of {plural(each.families, "family", "families")}
      </h2>
      <EndlessList
        label={`Families of ${each.name}`}
        items={families}
        query={query}
        rowHeight={ROW_HEIGHT}
        renderRow={(family) => <FamilyRow family={family} classId={each.id} />}
        className="mx-auto max-w-[880px]"
        rowClassName="px-2"
      />
    </>
  );
}
