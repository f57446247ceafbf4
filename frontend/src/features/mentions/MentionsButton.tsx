/** Notes in which colleagues mention the person: a bell with how many are unread, and the list behind it. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { mentionCountQuery } from "@/api/mentions";
import { plural } from "@/lib/text";
import { CountBadge } from "@/ui/bits";
import { BellIcon } from "@/ui/icons";

const load = () => import("./MentionList");
const MentionList = lazy(load);

export function MentionsButton() {
  const [open, setOpen] = useState(false);
  const { data } = useQuery(mentionCountQuery);
  const unread = data?.unread ?? 0;
  const preload = () => void load();
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-label={unread > 0 ? `Mentions, ${plural(unread, "unread mention")}` : "Mentions"}
        title="Mentions"
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => setOpen(true)}
        className="relative grid size-[44px] place-items-center rounded-full text-ink-2 transition-colors hover:bg-sunken hover:text-ink"
      >
        <BellIcon size={20} />
        <CountBadge count={unread} tone="red" className="absolute top-0.5 left-[calc(50%+2px)] !h-4 !min-w-4 !px-1 !leading-4 ring-2 ring-bg" />
      </button>
      {open && (
        <Suspense fallback={null}>
          <MentionList onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
