/** Tells the person outside the page: the unread count in the tab and on the app's icon, and what they want to be told of. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import type { Alerts } from "./alerts";
import { showInTab } from "./attention-signals";
import { useCreditsAlert } from "./credits-alert";
import { useWebhooksAlert } from "./webhooks-alert";
import { useFormats } from "@/api/format";
import { indicatorQuery } from "@/api/indicator";
import { useLiveTap } from "@/api/realtime";
import { ownerKey, useMe } from "@/api/session";
import { focusComposer } from "@/lib/composer-focus";
import { keepFilter } from "@/lib/inbox-search";
import { usePreferences } from "@/lib/preferences";

export default function Attention() {
  const me = useMe();
  const { data } = useQuery(indicatorQuery);
  const unread = data?.unread_messages;

  useEffect(() => {
    showInTab(unread ?? 0, `Messenger · ${me.organization.name}`);
    return () => showInTab(0, "Messenger");
  }, [unread, me.organization.name]);

  useAlerts();
  useCreditsAlert();
  useWebhooksAlert();
  useOpenFromNotification();
  return null;
}

function useAlerts(): void {
  const me = useMe();
  const owner = ownerKey(me);
  const [{ notifications, sound }] = usePreferences(owner);
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const tap = useLiveTap();
  const { phone } = useFormats();
  const phoneNow = useRef(phone);
  useEffect(() => {
    phoneNow.current = phone;
  });
  const isOn = notifications || sound;
  const timeZone = me.organization.timezone;

  useEffect(() => {
    if (!isOn) return;
    let alerts: Alerts | undefined;
    let isOver = false;
    const open = (conversationId: string) => {
      void navigate({ to: "/messenger/$conversationId", params: { conversationId }, search: keepFilter });
      focusComposer(conversationId);
    };
    void import("./alerts").then(({ Alerts }) => {
      if (!isOver) alerts = new Alerts({ queryClient, owner, timeZone, open, phone: (number) => phoneNow.current(number) });
    });
    const end = tap((heard) => alerts?.hear(heard));
    return () => {
      isOver = true;
      end();
      alerts?.stop();
    };
  }, [isOn, owner, timeZone, queryClient, navigate, tap]);
}

/** The service worker asks this page to go where a notification leads, and hears that it does. */
function useOpenFromNotification(): void {
  const router = useRouter();
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    const { serviceWorker } = navigator;
    const heard = ({ data, ports }: MessageEvent<unknown>) => {
      if (!isOpenRequest(data)) return;
      ports[0]?.postMessage("opened");
      void router.navigate({ href: data.path });
      focusComposer(data.path.split("/").at(-1) ?? "");
    };
    serviceWorker.addEventListener("message", heard);
    return () => serviceWorker.removeEventListener("message", heard);
  }, [router]);
}

function isOpenRequest(data: unknown): data is { type: "open"; path: string } {
  return (
    typeof data === "object" && data !== null && "type" in data && data.type === "open" &&
    "path" in data && typeof data.path === "string" && data.path.startsWith("/") && !data.path.startsWith("//")
  );
}
