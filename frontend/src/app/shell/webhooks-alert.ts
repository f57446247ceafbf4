/** Tells an administrator once that a webhook endpoint was switched off because it fails (HOOK). */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { ownerKey, useMe } from "@/api/session";
import { webhookEndpointsQuery } from "@/api/webhook-endpoints";
import { readStored, writeStored } from "@/lib/storage";
import { showToast } from "@/ui/Toast";

const LOOK_AGAIN_MS = 300_000;

export function useWebhooksAlert(): void {
  const me = useMe();
  const owner = ownerKey(me);
  const { data } = useInfiniteQuery({ ...webhookEndpointsQuery, enabled: me.is_admin, refetchInterval: LOOK_AGAIN_MS });
  const navigate = useNavigate();
  useEffect(() => {
    const off = data?.pages.flatMap(({ items }) => items).filter(({ disabled_reason: reason }) => reason === "failing" || reason === "gone") ?? [];
    if (off.length === 0) return;
    const key = `webhooks-told:${owner}`;
    const which = off.map(({ id, disabled_at }) => `${id} ${disabled_at ?? ""}`).join();
    const tell = () => {
      // Nobody reads a toast of a page that is not looked at.
      if (document.visibilityState === "hidden" || readStored(key) === which) return;
      writeStored(key, which);
      showToast("A webhook endpoint was switched off: it gets no events.", {
        label: "Look at it",
        run: () => void navigate({ to: "/administration", search: { tab: "webhooks" } }),
      });
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [data, navigate, owner]);
}
