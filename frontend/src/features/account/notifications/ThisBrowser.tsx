import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { browsersQuery, useTestBrowser } from "@/api/notifications";
import { describeError } from "@/api/problem";
import { turnOffHere, turnOnHere } from "@/api/push-here";
import { ownerKey, useMe } from "@/api/session";
import { usePreferences } from "@/lib/preferences";
import { pushSupport } from "@/lib/push";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { FormProblem } from "@/ui/form";
import { BellIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const isBlocked = () => "Notification" in window && Notification.permission === "denied";

/** Notifications in this browser: on, off, or why not. */
export function ThisBrowser() {
  const owner = ownerKey(useMe());
  const [{ notifications, push }] = usePreferences(owner);
  const [blocked, setBlocked] = useState(isBlocked);
  const queryClient = useQueryClient();
  const turnOn = useMutation({
    mutationFn: async () => {
      await Notification.requestPermission();
      setBlocked(isBlocked());
      return turnOnHere(queryClient, owner);
    },
    onSuccess: (result) => {
      if (result !== "not allowed") showToast("This browser shows notifications.");
    },
  });
  const turnOff = useMutation({ mutationFn: () => turnOffHere(queryClient, owner) });
  const support = pushSupport();

  if (support === "install") return <Explained>{INSTALL_FIRST}</Explained>;
  if (support === "none") return <Explained>This browser cannot show notifications. Use a current Chrome, Edge, Firefox or Safari.</Explained>;
  if (blocked) return <Explained tone="warn">{BLOCKED}</Explained>;

  const pending = turnOn.isPending || turnOff.isPending;
  const off = () =>
    turnOff.mutate(undefined, {
      onSuccess: () => showToast("This browser shows no notifications any more.", { label: "Undo", run: () => turnOn.mutate() }),
    });
  return (
    <div className="mt-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-line px-3.5 py-3">
        <div className="min-w-0 flex-[1_1_260px]">
          <p className="font-strong">{notifications ? "This browser shows notifications" : "This browser shows no notifications"}</p>
          <p className="text-note text-ink-2">{notifications ? (push ? EVEN_CLOSED : ONLY_OPEN) : "It will ask whether the Messenger may show them."}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          {notifications && push && <SendTest />}
          <Button variant={notifications ? "secondary" : "primary"} disabled={pending} onClick={notifications ? off : () => turnOn.mutate()}>
            {pending && <Spinner />}
            {notifications ? "Turn off" : "Turn on"}
          </Button>
        </div>
      </div>
      {turnOn.data === "not allowed" && !notifications && (
        <p role="status" className="mt-2 text-note text-ink-2">
          The browser's question was closed without an answer. Choose “Turn on” again, then “Allow”.
        </p>
      )}
      <div className="mt-2 empty:hidden">
        <FormProblem>{(turnOn.error ?? turnOff.error) && `Not changed. ${describeError(turnOn.error ?? turnOff.error)}`}</FormProblem>
      </div>
    </div>
  );
}

const EVEN_CLOSED = "Also while the Messenger is closed.";
const ONLY_OPEN = "Only while the Messenger is open in a tab: this browser's push service could not be reached.";
const INSTALL_FIRST =
  "On an iPhone or iPad, first put the Messenger on your Home Screen: tap Share, then “Add to Home Screen”. Open it from there, and turn notifications on here.";
const BLOCKED =
  "This browser blocks notifications of this site. Choose the icon before the address at the top, allow notifications, and load this page again.";

function Explained({ tone = "neutral", children }: { tone?: "neutral" | "warn"; children: string }) {
  return (
    <Notice tone={tone} role="note" icon={<BellIcon size={18} />} className="mt-3">
      {children}
    </Notice>
  );
}

function SendTest() {
  const browsers = useQuery(browsersQuery);
  const test = useTestBrowser();
  const here = browsers.data?.find(({ current }) => current);
  if (!here) return null;
  const send = () =>
    test.mutate(here.id, {
      onSuccess: () => showToast("A test is on its way. It shows within seconds."),
      onError: (error) => showToast(`No test was sent. ${describeError(error)}`),
    });
  return (
    <Button disabled={test.isPending} onClick={send}>
      Send a test
    </Button>
  );
}
