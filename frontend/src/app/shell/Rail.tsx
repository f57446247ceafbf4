/**
 * The way around: a rail on the left, a bar at the bottom of a phone. The Messenger stands at the bottom left with what
 * needs attention at its right shoulder and what is in progress at its left; without SMS Logs it is not there.
 */
import { Link, useParams } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { AccountMenu } from "./AccountMenu";
import { indicatorQuery } from "@/api/indicator";
import { usePendingCounts } from "@/api/outbox-context";
import { may, useMe } from "@/api/session";
import { MentionsButton } from "@/features/mentions/MentionsButton";
import { cx } from "@/lib/cx";
import { initials, plural } from "@/lib/text";
import { CountBadge, NotSentBadge } from "@/ui/bits";
import { ClassesIcon, FamiliesIcon, MassTextIcon, MessengerIcon, StaffIcon } from "@/ui/icons";

const ITEM =
  "relative flex w-[68px] flex-col items-center gap-0.5 rounded-lg pt-2 pb-1.5 text-meta whitespace-nowrap text-ink-2 transition-colors hover:bg-sunken hover:text-ink max-desk:w-auto max-desk:min-w-[44px] max-desk:flex-auto";
/** All of them stand side by side on 360 px. On less the icons do. */
const WORD = "max-[359px]:sr-only";
/** A badge at the upper corner of the icon, which is 22 px wide. */
const SHOULDER = "absolute top-0 ring-2 ring-bg !min-w-4 !px-1 !h-4 !leading-4";
const CURRENT = { className: "!bg-accent-soft !text-accent font-semibold" };

export function Rail({ onShowHelp }: { onShowHelp: () => void }) {
  const me = useMe();
  const { conversationId } = useParams({ strict: false });

  return (
    <nav
      aria-label="Main"
      className={cx(
        "flex shrink-0 items-center border-t border-line bg-bg px-1 pt-1.5 pb-[calc(6px+env(safe-area-inset-bottom))]",
        "desk:w-[76px] desk:flex-col desk:gap-1.5 desk:border-t-0 desk:border-r desk:px-0 desk:py-3.5",
        // On a phone an open thread has the whole screen; its way back shows what is unread.
        conversationId && "max-desk:hidden",
      )}
    >
      <span
        aria-hidden="true"
        title={me.organization.name}
        className="mb-2.5 hidden size-[34px] place-items-center rounded-[9px] bg-accent font-bold text-accent-ink desk:grid"
      >
        {initials(me.organization.name).charAt(0)}
      </span>
      <RailLink to="/families" icon={<FamiliesIcon />}>
        Families
      </RailLink>
      <RailLink to="/classes" icon={<ClassesIcon />}>
        Classes
      </RailLink>
      <RailLink to="/staff" icon={<StaffIcon />}>
        Staff
      </RailLink>
      {may(me, "sms_logs") && may(me, "mass_text") && (
        <RailLink to="/mass-texts" icon={<MassTextIcon />}>
          Mass texts
        </RailLink>
      )}
      <div className="flex shrink-0 items-center desk:gap-1 max-desk:order-last desk:mt-auto desk:mb-1 desk:flex-col">
        {may(me, "sms_logs") && <MentionsButton />}
        <AccountMenu onShowHelp={onShowHelp} />
      </div>
      {may(me, "sms_logs") && <MessengerLink />}
    </nav>
  );
}

interface RailLinkProps {
  to: "/families" | "/classes" | "/staff" | "/mass-texts";
  icon: ReactNode;
  children: ReactNode;
}

function RailLink({ to, icon, children }: RailLinkProps) {
  return (
    <Link to={to} className={ITEM} activeProps={CURRENT}>
      {icon}
      <span className={WORD}>{children}</span>
    </Link>
  );
}

function MessengerLink() {
  const { data } = useQuery(indicatorQuery);
  const unread = data?.unread_messages ?? 0;
  const open = data?.open_conversations ?? 0;
  const refusedHere = [...usePendingCounts().values()].filter(({ refused }) => refused > 0).length;
  const notSent = (data?.not_sent_conversations ?? 0) + refusedHere;
  const counts = [
    unread > 0 && plural(unread, "unread message"),
    open > 0 && plural(open, "open conversation"),
    notSent > 0 && `texts not sent in ${plural(notSent, "conversation")}`,
  ].filter(Boolean);

  return (
    <Link to="/messenger" title={counts.join(", ") || undefined} className={cx(ITEM, "max-desk:order-first")} activeProps={CURRENT}>
      {/* Each badge grows away from the icon, which stays legible between "99+" and "99+". */}
      <span aria-hidden="true">
        <CountBadge count={open} tone="gray" className={cx(SHOULDER, "right-[calc(50%+7px)]")} />
        <CountBadge count={unread} tone="red" className={cx(SHOULDER, "left-[calc(50%+7px)]")} />
        <NotSentBadge count={notSent} className="absolute top-[18px] left-[calc(50%+12px)] !h-4 !min-w-4 ring-2 ring-bg !leading-3" />
      </span>
      <MessengerIcon />
      <span className={WORD}>
        Messenger
        <span className="sr-only">{counts.map((count) => `, ${count || ""}`).join("")}</span>
      </span>
    </Link>
  );
}
