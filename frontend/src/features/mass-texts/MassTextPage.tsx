/** One mass text: written while it is a draft, reported once it is confirmed. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Composer } from "./Composer";
import { Report } from "./Report";
import { broadcastQuery, type AudienceDescription } from "@/api/broadcasts";
import type { RecipientFilter } from "@/api/keys";
import { isMissing } from "@/api/problem";
import { Skeleton } from "@/ui/bits";
import { ActionLink, EmptyState, ErrorState } from "@/ui/states";

interface MassTextPageProps {
  /** Null: it is not stored yet. */
  id: string | null;
  /** The audience that somebody brought from a list. */
  carried: AudienceDescription | null;
  onCreated: (id: string) => void;
  /** The recipients that the report shows. */
  shown: RecipientFilter;
  onShow: (shown: RecipientFilter) => void;
}

export default function MassTextPage({ id, carried, onCreated, shown, onShow }: MassTextPageProps) {
  const { data, error, isError, refetch } = useQuery({ ...broadcastQuery(id ?? ""), enabled: id !== null });
  const [isChanging, setChanging] = useState(false);
  const back = <ActionLink to="/mass-texts">Show all mass texts</ActionLink>;
  if (isError && !data) {
    return isMissing(error) ? (
      <EmptyState heading title="This mass text isn’t here" className="h-full" action={back}>
        The address may be mistyped.
      </EmptyState>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} back={back} />
    );
  }
  if (id !== null && !data) {
    return (
      <div role="status" className="mx-auto max-w-[1080px] space-y-4 p-6">
        <span className="sr-only">Loading</span>
        <Skeleton className="h-6 w-1/3" />
        <Skeleton className="h-48" />
      </div>
    );
  }
  if (!data || data.state === "draft" || (data.state === "scheduled" && isChanging)) {
    return <Composer stored={data} carried={carried} onCreated={onCreated} onLeave={() => setChanging(false)} />;
  }
  return <Report broadcast={data} filter={shown} onFilter={onShow} onChange={() => setChanging(true)} />;
}
