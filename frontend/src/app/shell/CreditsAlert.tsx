/** Tells an administrator once a crossing that the credits are low or used up (COST). */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { creditsQuery } from "@/api/costs";
import { shownMoney } from "@/lib/money";
import { readStored, writeStored } from "@/lib/storage";
import { showToast } from "@/ui/Toast";

const POLL_MS = 5 * 60_000;

export default function CreditsAlert({ owner }: { owner: string }) {
  const { data } = useQuery({ ...creditsQuery, refetchInterval: POLL_MS });
  const navigate = useNavigate();
  useEffect(() => {
    if (!data?.standing || data.standing === "enough" || data.balance === null || data.currency === null) return;
    const key = `credits-told:${owner}`;
    const crossing = `${data.low_since ?? ""} ${data.standing}`;
    if (readStored(key) === crossing) return;
    writeStored(key, crossing);
    const left = shownMoney({ amount: data.balance, currency: data.currency });
    showToast(data.standing === "low" ? `The credits are low: ${left} left.` : "The credits are used up. No text leaves.", {
      label: "Look at it",
      run: () => void navigate({ to: "/administration", search: { tab: "usage" } }),
    });
  }, [data, navigate, owner]);
  return null;
}
