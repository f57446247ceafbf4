/** The frame of every signed-in page: rail, content, live updates. */
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { ConnectionNotice } from "./ConnectionNotice";
import { Rail } from "./Rail";
import { SendingNotice } from "./SendingNotice";
import { RealtimeProvider } from "@/api/realtime";
import { may, ownerKey, useMe } from "@/api/session";
import { focusSearch, useShortcuts } from "@/lib/shortcuts";
import { ToastSlot } from "@/ui/Toast";

// Nothing of these is on the screen when a page opens.
const Attention = lazy(() => import("./Attention"));
const ScheduledNotice = lazy(() => import("./ScheduledNotice"));
const ShortcutHelp = lazy(() => import("./ShortcutHelp"));

export function Shell() {
  const me = useMe();
  const [helpOpen, setHelpOpen] = useState(false);
  const reads = may(me, "sms_logs");
  useShortcuts({ search: focusSearch, help: () => setHelpOpen(true) });

  return (
    <RealtimeProvider key={ownerKey(me)} owner={ownerKey(me)} listens={reads}>
      <div className="group/shell flex h-dvh flex-col-reverse desk:flex-row">
        <Rail onShowHelp={() => setHelpOpen(true)} />
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <ConnectionNotice />
          {reads && may(me, "mass_text") && <SendingNotice />}
          <div className="min-h-0 flex-1">
            <Outlet />
          </div>
          <ToastSlot rank="page" className="mx-auto w-full max-w-[720px] shrink-0" />
        </div>
      </div>
      <Suspense fallback={null}>
        {reads && <Attention />}
        {reads && <ScheduledNotice />}
        {helpOpen && <ShortcutHelp onClose={() => setHelpOpen(false)} />}
      </Suspense>
    </RealtimeProvider>
  );
}
