import type { ReactNode } from "react";

import { ChangePassword } from "./ChangePassword";
import { NotificationSection } from "./notifications/NotificationSection";
import { Sessions } from "./Sessions";
import { may, useMe } from "@/api/session";
import { PermissionTags } from "@/ui/permissions";

/** The signed-in person: who they are here, what they are told of, their password, and where they are signed in. */
export function Account() {
  const me = useMe();
  return (
    <main className="h-full overflow-y-auto bg-surface">
      <div className="mx-auto max-w-[720px] px-4 py-5">
        <h1 className="text-page font-heading">Account</h1>
        <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
          <Fact term="Name">
            <bdi>{me.staff_member?.name}</bdi>
          </Fact>
          <Fact term="Email">{me.staff_member?.email ?? "None"}</Fact>
          <Fact term="Business">
            <bdi>{me.organization.name}</bdi>
          </Fact>
          <Fact term="Permissions">
            <span className="flex flex-wrap gap-1.5">
              <PermissionTags permissions={me.permissions} administrator={me.is_admin} />
            </span>
          </Fact>
        </dl>
        <p className="mt-2 text-note text-ink-2">
          {me.is_admin ? "You change these under Administration." : "An administrator can change these."}
        </p>
        {may(me, "sms_logs") && <NotificationSection />}
        <ChangePassword email={me.staff_member?.email ?? ""} />
        <Sessions />
      </div>
    </main>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-ink-2">{term}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}
