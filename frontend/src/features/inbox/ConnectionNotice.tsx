/** Notice that the page may be out of date. A short reconnection shows nothing. */
import { useEffect, useState } from "react";

import { useLiveState, useReconnect } from "@/api/realtime";
import { Button } from "@/ui/Button";
import { OfflineIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

const PATIENCE_MS = 1_500;

export function ConnectionNotice() {
  const state = useLiveState();
  return state === "lost" ? <Lost /> : null;
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
      className="mx-2.5 mt-2 animate-fade"
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
