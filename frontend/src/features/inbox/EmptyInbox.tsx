import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { hasLineQuery } from "@/api/lines";
import { useMe } from "@/api/session";
import type { ConversationStatus } from "@/api/types";
import { toStatus } from "@/lib/inbox-search";
import { CheckIcon, MessengerIcon } from "@/ui/icons";
import { EmptyState } from "@/ui/states";

const LINK = "font-strong text-accent underline underline-offset-2";

export default function EmptyInbox({ status }: { status: ConversationStatus | undefined }) {
  const { data: hasLine } = useQuery(hasLineQuery);
  if (hasLine === false) return <NoLine />;
  switch (status) {
    case "unread":
      return (
        <EmptyState
          icon={<CheckIcon />}
          title="All caught up"
          className="flex-1"
          action={
            <Link to="." search={toStatus("open")} className={LINK}>
              See what is open
            </Link>
          }
        >
          Every message has been seen.
        </EmptyState>
      );
    case "open":
      return (
        <EmptyState icon={<CheckIcon />} title="Nothing open" className="flex-1">
          Conversations that still need an answer wait here until somebody closes them.
        </EmptyState>
      );
    case "closed":
      return (
        <EmptyState icon={<MessengerIcon />} title="Nothing closed yet" className="flex-1">
          Close a conversation when it needs no more from you, and it moves here.
        </EmptyState>
      );
    default:
      return (
        <EmptyState icon={<MessengerIcon />} title="No conversations yet" className="flex-1">
          When a family or a colleague texts your number, it appears here by itself.
        </EmptyState>
      );
  }
}

/** The first thing to do in a new business. */
function NoLine() {
  const { is_admin } = useMe();
  return (
    <EmptyState
      icon={<MessengerIcon />}
      title="No number to text from yet"
      className="flex-1"
      action={
        is_admin && (
          <Link to="/administration" search={{ tab: "lines" }} className={LINK}>
            Add a line
          </Link>
        )
      }
    >
      {is_admin ? "Add the number that families text, and conversations appear here." : "An administrator has to add the number that families text."}
    </EmptyState>
  );
}
