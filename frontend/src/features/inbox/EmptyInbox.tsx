import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { hasLineQuery } from "@/api/lines";
import { useMe } from "@/api/session";
import { isNarrowed, toStatus, withFilter, withoutFilters, type InboxFilter } from "@/lib/inbox-search";
import { CheckIcon, ClockIcon, MessengerIcon } from "@/ui/icons";
import { EmptyState } from "@/ui/states";

const LINK = "font-strong text-accent underline underline-offset-2";

export default function EmptyInbox({ filter }: { filter: InboxFilter }) {
  const { status, later } = filter;
  const { data: hasLine } = useQuery(hasLineQuery);
  if (hasLine === false) return <NoLine />;
  if (isNarrowed(filter)) return <NothingMatches filter={filter} />;
  if (filter.sort === "waiting") {
    return (
      <EmptyState
        icon={<CheckIcon />}
        title="Nobody is waiting"
        className="flex-1"
        action={
          <Link to="." search={withFilter({ sort: undefined })} className={LINK}>
            Show the newest first
          </Link>
        }
      >
        {status === "closed" ? "A closed conversation waits for nothing. Only those that wait for an answer are listed in this order." : "Every family here has had an answer."}
      </EmptyState>
    );
  }
  if (later) {
    return (
      <EmptyState icon={<ClockIcon />} title="Nothing for later" className="flex-1">
        A conversation that is moved to Later waits here. It comes back to Open by itself.
      </EmptyState>
    );
  }
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

const TAB_NAMES = { unread: "unread", open: "open", closed: "closed" };

/** Says which filters leave nothing, and the way back. */
function NothingMatches({ filter }: { filter: InboxFilter }) {
  const { status, later, assignee, not_sent, line, tag } = filter;
  const onlyNotSent = not_sent && !assignee && !line && !tag;
  if (onlyNotSent && !status && !later) {
    return (
      <EmptyState
        icon={<CheckIcon />}
        title="Everything was sent"
        className="flex-1"
        action={
          <Link to="." search={withoutFilters} className={LINK}>
            Show all conversations
          </Link>
        }
      >
        A text that doesn’t go out appears here until somebody tries again, answers, or dismisses it.
      </EmptyState>
    );
  }
  const where = later ? "later" : status ? TAB_NAMES[status] : "";
  const which = [
    assignee && (assignee === "me" ? "are yours" : assignee === "nobody" ? "are nobody’s" : "are this colleague’s"),
    not_sent && "have a text that was not sent",
    line && "are on this line",
    tag && `have the tag “${tag}”`,
  ].filter(Boolean);
  return (
    <EmptyState
      icon={<MessengerIcon />}
      title="No conversation matches"
      className="flex-1"
      action={
        <p className="flex flex-col items-center gap-1">
          <Link to="." search={withoutFilters} className={LINK}>
            Remove the filters
          </Link>
          {(status ?? later) && (
            <Link to="." search={withFilter({ status: undefined, later: undefined })} className={LINK}>
              Look in all conversations
            </Link>
          )}
        </p>
      }
    >
      No {where} conversations {which.join(" and ")}.
    </EmptyState>
  );
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
