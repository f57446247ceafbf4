/** Offers notifications and sound once, quietly, at the foot of the list. Off unless asked for. */
import { useQueryClient } from "@tanstack/react-query";

import { describeError } from "@/api/problem";
import { ownerKey, useMe } from "@/api/session";
import { usePreferences } from "@/lib/preferences";
import { Button } from "@/ui/Button";
import { BellIcon } from "@/ui/icons";
import { showToast } from "@/ui/Toast";

export default function NotificationOffer() {
  const me = useMe();
  const owner = ownerKey(me);
  const [preferences, change] = usePreferences(owner);
  const queryClient = useQueryClient();
  if (preferences.offered || !("Notification" in window) || Notification.permission === "denied") return null;

  const accept = async () => {
    // Asked first: Safari asks only as the answer to a click.
    const permission = await Notification.requestPermission();
    change({ offered: true, notifications: permission === "granted" });
    if (permission !== "granted") return;
    try {
      const { turnOnHere } = await import("@/api/push-here");
      await turnOnHere(queryClient, owner);
      showToast("Notifications are on. You choose what you are told of under Account.");
    } catch (error) {
      showToast(`Notifications come only while this page is open. ${describeError(error)}`);
    }
  };

  return (
    <aside aria-label="Notifications" className="flex items-start gap-2.5 border-t border-line px-4 py-3 text-note">
      <span className="mt-px text-ink-3">
        <BellIcon size={18} />
      </span>
      <div className="min-w-0 flex-1">
        <p>Be told of new texts with a notification and a sound, also while this page is closed?</p>
        <div className="mt-2 flex gap-2">
          <Button size="sm" onClick={() => void accept()}>
            Turn on
          </Button>
          <Button size="sm" variant="quiet" onClick={() => change({ offered: true })}>
            No, thanks
          </Button>
        </div>
      </div>
    </aside>
  );
}
