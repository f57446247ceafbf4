import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { may, useMe, useSignOut } from "@/api/session";
import type { Me } from "@/api/types";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/ui/Menu";
import { showToast } from "@/ui/Toast";

/** The person's permissions, and why parts of the app may be missing. */
function describePermissions(me: Me): string {
  if (me.is_admin) return "Administrator";
  if (!may(me, "sms_logs")) return "You don't have the SMS Logs permission, so there is no Messenger icon. Ask an administrator for it.";
  if (!may(me, "mass_text")) return "You can read texts. Sending needs the Mass Text permission; ask an administrator for it.";
  return "You can read and send texts.";
}

interface AccountMenuContentProps {
  trigger: ReactNode;
  onShowHelp: () => void;
  onClose: () => void;
}

export default function AccountMenuContent({ trigger, onShowHelp, onClose }: AccountMenuContentProps) {
  const me = useMe();
  const signOut = useSignOut();
  const navigate = useNavigate();
  // The menu closes and unmounts this component before the response arrives.
  const leave = () =>
    void signOut.mutateAsync().then(
      () => navigate({ to: "/sign-in" }),
      () => showToast("You are still signed in: the server couldn't be reached."),
    );

  return (
    <Menu trigger={trigger} onClose={onClose}>
      <MenuLabel>
        <span className="block text-body font-strong text-ink">{me.staff_member?.name}</span>
        <span className="block">{me.organization.name}</span>
        <span className="mt-1 block max-w-56">{describePermissions(me)}</span>
      </MenuLabel>
      <MenuSeparator />
      <MenuItem onSelect={() => void navigate({ to: "/account" })}>Account</MenuItem>
      {may(me, "sms_logs") && <MenuItem onSelect={() => void navigate({ to: "/account", hash: "notifications" })}>Notifications</MenuItem>}
      {may(me, "sms_logs") && <MenuItem onSelect={() => void navigate({ to: "/saved-replies" })}>Saved replies</MenuItem>}
      {me.is_admin && <MenuItem onSelect={() => void navigate({ to: "/administration" })}>Administration</MenuItem>}
      <MenuItem onSelect={onShowHelp}>Keyboard shortcuts</MenuItem>
      <MenuItem onSelect={leave}>Sign out</MenuItem>
    </Menu>
  );
}
