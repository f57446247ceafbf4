/** Tells an administrator once a crossing that the credits are low or used up (COST). */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { creditsQuery, type Credits } from "@/api/costs";
import { ownerKey, useMe } from "@/api/session";
import { shownMoney } from "@/lib/money";
import { readStored, writeStored } from "@/lib/storage";
import { showToast } from "@/ui/Toast";

/** They are asked for when the app opens. A live event says when to ask again. */
export function useCreditsAlert(): void {
  const me = useMe();
  const owner = ownerKey(me);
  const { data } = useQuery({ ...creditsQuery, enabled: me.is_admin, staleTime: Infinity });
  const navigate = useNavigate();
  useEffect(() => {
    const said = data && warning(data);
    if (!said) return;
    const key = `credits-told:${owner}`;
    const crossing = `${data.low_since ?? ""} ${data.standing ?? ""}`;
    const tell = () => {
      // Nobody reads a toast of a page that is not looked at.
      if (document.visibilityState === "hidden" || readStored(key) === crossing) return;
      writeStored(key, crossing);
      showToast(said, { label: "Look at it", run: () => void navigate({ to: "/administration", search: { tab: "usage" } }) });
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [data, navigate, owner]);
}

function warning({ standing, balance, currency }: Credits): string | null {
  if (standing === "used_up") return "The credits are used up. No text leaves.";
  if (standing !== "low" || balance === null || currency === null) return null;
  return `The credits are low: ${shownMoney({ amount: balance, currency })} left.`;
}
