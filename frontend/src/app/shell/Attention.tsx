/** Tells the person outside the page: the unread count in the tab, and a notification and sound for those who asked. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { notify, playChime, showInTab } from "./attention-signals";
import { conversationListQuery } from "@/api/conversations";
import { useFormats } from "@/api/format";
import { indicatorQuery } from "@/api/indicator";
import { ownerKey, useMe } from "@/api/session";
import { focusComposer } from "@/lib/composer-focus";
import { keepFilter } from "@/lib/inbox-search";
import { usePreferences } from "@/lib/preferences";
import { plural } from "@/lib/text";

export function Attention() {
  const me = useMe();
  const { data } = useQuery(indicatorQuery);
  const [preferences] = usePreferences(ownerKey(me));
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { phone } = useFormats();
  const unread = data?.unread_messages;
  const known = useRef<number | undefined>(undefined);

  useEffect(() => {
    showInTab(unread ?? 0, `Messenger · ${me.organization.name}`);
    return () => showInTab(0, "Messenger");
  }, [unread, me.organization.name]);

  useEffect(() => {
    const before = known.current;
    known.current = unread;
    if (unread === undefined || before === undefined || unread <= before) return;
    if (preferences.sound) playChime();
    if (preferences.notifications && !document.hasFocus()) {
      queryClient
        .infiniteQuery({ ...conversationListQuery({ status: "unread" }), staleTime: 0 })
        .then(({ pages }) => {
          const newest = pages[0]?.items[0];
          if (!newest) return;
          notify(
            newest.holders.length > 0 ? newest.display_name : phone(newest.phone_number),
            newest.last_message?.preview ?? plural(unread, "unread message"),
            () => {
              void navigate({ to: "/messenger/$conversationId", params: { conversationId: newest.id }, search: keepFilter });
              focusComposer(newest.id);
            },
          );
        })
        // The badge and the title show it already.
        .catch(() => undefined);
    }
  }, [unread, preferences, queryClient, navigate, phone]);

  return null;
}
