import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";

import { Browsers } from "./Browsers";
import { QuietHours } from "./QuietHours";
import { ThisBrowser } from "./ThisBrowser";
import { notificationSettingsQuery, useChangeNotificationSettings, type NotificationScope, type NotificationSettings } from "@/api/notifications";
import { describeError } from "@/api/problem";
import { ownerKey, useMe } from "@/api/session";
import { usePreferences } from "@/lib/preferences";
import { Skeleton } from "@/ui/bits";
import { Choice, FormProblem, Mark } from "@/ui/form";
import { ErrorState } from "@/ui/states";

const SCOPES: { value: NotificationScope; label: string; hint: string }[] = [
  { value: "all", label: "Everything", hint: "Every new text that nobody is looking at, and all that is below." },
  { value: "mine", label: "What is mine", hint: "Texts in conversations that you have, your reminders, conversations given to you, texts of yours that were not sent, and mentions." },
  { value: "mentions", label: "Mentions", hint: "Only when a colleague mentions you in a note." },
  { value: "none", label: "Nothing", hint: "The Messenger's badges still count." },
];

/** What the person is told of, and where. */
export function NotificationSection() {
  const heading = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const settings = useQuery(notificationSettingsQuery);

  useEffect(() => {
    if (window.location.hash === "#notifications") title.current?.scrollIntoView({ block: "start" });
  }, []);

  return (
    <section id="notifications" aria-labelledby={heading} className="mt-7 border-t border-line pt-5">
      <h2 id={heading} ref={title} tabIndex={-1} className="scroll-mt-4 text-title font-heading outline-none">
        Notifications
      </h2>
      <p className="mt-1 text-note text-ink-2">New texts, mentions and reminders, on this screen or on your phone.</p>
      <ThisBrowser />
      {settings.isError && !settings.data && <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />}
      {!settings.isError && !settings.data && <Skeleton className="mt-4 h-48" />}
      {settings.data && <Wishes settings={settings.data} />}
      <Browsers onRemoved={() => title.current?.focus()} />
    </section>
  );
}

function Wishes({ settings: stored }: { settings: NotificationSettings }) {
  const me = useMe();
  const [preferences, changeHere] = usePreferences(ownerKey(me));
  const save = useChangeNotificationSettings();
  // A change shows with the click, not once its request has begun.
  const [wanted, setWanted] = useState<NotificationSettings | null>(null);
  const settings = wanted ?? stored;
  const change = (part: Partial<NotificationSettings>) => {
    const next = { ...settings, ...part };
    setWanted(next);
    save.mutate(next, { onSettled: () => setWanted((now) => (now === next ? null : now)) });
  };

  return (
    <div className="mt-5 flex flex-col gap-4">
      <Choice legend="Tell me about" options={SCOPES} value={settings.scope} onChange={(scope) => change({ scope })} />
      <div>
        <p className="mb-1 font-strong">How</p>
        <Mark
          label="With a sound"
          hint="While the Messenger is open."
          checked={settings.sound}
          onChange={({ currentTarget: { checked } }) => {
            if (!preferences.notifications) changeHere({ sound: checked });
            change({ sound: checked });
          }}
        />
        <Mark
          label="With the first words of the text"
          hint="They can be read on a locked screen. Without them, a notification says who wrote."
          checked={settings.shows_text}
          onChange={({ currentTarget: { checked } }) => change({ shows_text: checked })}
        />
        <QuietHours hours={settings.quiet_hours} timeZone={me.organization.timezone} onChange={(quiet_hours) => change({ quiet_hours })} />
      </div>
      <FormProblem>{save.error && `Not saved, and as it was before. ${describeError(save.error)}`}</FormProblem>
    </div>
  );
}
