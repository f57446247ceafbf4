/** Offers notifications and sound once, quietly, at the foot of the list. Off unless asked for. */
import { ownerKey, useMe } from "@/api/session";
import { usePreferences } from "@/lib/preferences";
import { Button } from "@/ui/Button";
import { BellIcon } from "@/ui/icons";

export function NotificationOffer() {
  const me = useMe();
  const [preferences, change] = usePreferences(ownerKey(me));
  if (preferences.offered || !("Notification" in window) || Notification.permission === "denied") return null;

  const accept = async () => {
    const permission = await Notification.requestPermission();
    change({ offered: true, notifications: permission === "granted", sound: true });
  };

  return (
    <aside aria-label="Notifications" className="flex items-start gap-2.5 border-t border-line px-4 py-3 text-note">
      <span className="mt-px text-ink-3">
        <BellIcon size={18} />
      </span>
      <div className="min-w-0 flex-1">
        <p>Be told of new messages with a notification and a sound?</p>
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
