/** Mass texts: the list, and one of them, which is written, confirmed, watched and reported on the same page. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useState } from "react";

import { may, useMe } from "@/api/session";
import { MassTextsList } from "@/features/mass-texts/MassTextsList";
import { NoMassTexts } from "@/features/mass-texts/NoMassTexts";
import { audienceOfSearch } from "@/features/mass-texts/audience";
import { Skeleton } from "@/ui/bits";

const MassTextPage = lazy(() => import("@/features/mass-texts/MassTextPage"));

/** PERM-SEND: without both permissions there is no such page. */
function useMayMassText(): boolean {
  const me = useMe();
  return may(me, "sms_logs") && may(me, "mass_text");
}

export function MassTexts() {
  const { show } = useSearch({ from: "/signed-in/mass-texts" });
  return useMayMassText() ? <MassTextsList show={show} /> : <NoMassTexts />;
}

export function MassText() {
  const { broadcastId } = useParams({ from: "/signed-in/mass-texts/$broadcastId" });
  const search = useSearch({ from: "/signed-in/mass-texts/$broadcastId" });
  const navigate = useNavigate();
  // A new one gets its address while somebody writes: what has the focus stays.
  const [born, setBorn] = useState<string | null>(null);
  const onCreated = useCallback(
    (id: string) => {
      setBorn(id);
      void navigate({ to: "/mass-texts/$broadcastId", params: { broadcastId: id }, search: {}, replace: true });
    },
    [navigate],
  );
  if (!useMayMassText()) return <NoMassTexts />;
  const isNew = broadcastId === "new";
  return (
    <Suspense fallback={<Skeleton className="m-6 h-60" />}>
      <MassTextPage
        key={broadcastId === born ? "new" : broadcastId}
        id={isNew ? null : broadcastId}
        carried={isNew ? audienceOfSearch(search) : null}
        onCreated={onCreated}
        shown={{ state: search.state, reason: search.reason }}
        onShow={(shown) => void navigate({ to: ".", search: shown, replace: true })}
      />
    </Suspense>
  );
}
