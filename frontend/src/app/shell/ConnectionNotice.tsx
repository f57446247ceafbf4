/** Notice on every screen that it may be out of date. A short reconnection shows nothing. */
import { useEffect, useState, useSyncExternalStore } from "react";

import { useLiveState, useReconnect } from "@/api/realtime";
import { Button } from "@/ui/Button";
import { OfflineIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

const PATIENCE_MS = 1_500;

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

export function ConnectionNotice() {
  const isLive = useLiveState() !== "lost";
  // Without SMS Logs there is no stream of live events that could break.
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  return isLive && isOnline ? null : <Lost />;
}

function Lost() {
  const reconnect = useReconnect();
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!visible) return null;
  return (
    <Notice
      tone="warn"
      role="alert"
      className="mx-2.5 my-2 shrink-0 animate-fade"
      icon={<OfflineIcon size={18} />}
      action={
        <Button size="sm" onClick={reconnect}>
          Try now
        </Button>
      }
    >
      <span className="font-strong">Connection lost.</span> Reconnecting; new messages may be missing here.
    </Notice>
  );
}
