import type { ReactNode } from "react";

import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { Conversation, Viewer } from "@/api/types";
import { isErased } from "@/lib/erased";
import { firstName, listNames, plural } from "@/lib/text";
import { Avatar, CountBadge, PresenceDot, Skeleton, Tag } from "@/ui/bits";
import { IconButton } from "@/ui/Button";
import { BackIcon, PanelIcon } from "@/ui/icons";
import { TestTag } from "@/ui/TestTag";

interface ThreadHeaderProps {
  conversation: Conversation | undefined;
  unreadElsewhere: number;
  onBack?: () => void;
  onShowDetails?: () => void;
  children: ReactNode;
}

export function ThreadHeader({ conversation, unreadElsewhere, onBack, onShowDetails, children }: ThreadHeaderProps) {
  return (
    <header data-printed="" className="flex min-h-16 items-center gap-3 border-b border-line bg-surface py-2.5 pr-3 pl-4 desk:pl-5">
      {onBack && (
        <span className="relative -ml-2">
          <IconButton
            label={unreadElsewhere > 0 ? `Back to the list, ${plural(unreadElsewhere, "unread message")}` : "Back to the list"}
            onClick={onBack}
          >
            <BackIcon />
          </IconButton>
          <CountBadge count={unreadElsewhere} tone="red" className="pointer-events-none absolute -top-1 -right-2 ring-2 ring-surface" />
        </span>
      )}
      {conversation ? <Who conversation={conversation} /> : <LoadingWho />}
      <div className="ml-auto flex shrink-0 items-center gap-2">
        {children}
        {onShowDetails && (
          <IconButton label="Details" shortcut="details" onClick={onShowDetails}>
            <PanelIcon size={20} />
          </IconButton>
        )}
      </div>
    </header>
  );
}

function describeUnheld(number: string): string {
  if (isErased(number)) return "Its number and texts are deleted";
  return number.startsWith("+") ? "No record has this number" : "Not a phone number";
}

function Who({ conversation }: { conversation: Conversation }) {
  const me = useMe();
  const { phone } = useFormats();
  const { holders, display_name, phone_number, viewers, status, line } = conversation;
  const number = phone(phone_number);
  const [holder] = holders;
  const contacts = [...new Set(holders.flatMap((each) => each.contact_name ?? []))];
  const people = contacts.length > 0 ? listNames(contacts) : holder?.kind === "staff_member" ? "Staff" : null;
  const others = viewers.filter((viewer) => viewer.staff_member_id !== me.staff_member?.id);

  return (
    <>
      <Avatar name={holder ? (holder.contact_name ?? holder.name) : "#"} className="max-desk:hidden" />
      <div className="min-w-0">
        <h2 className="flex items-center gap-2 text-title font-heading">
          <bdi className="truncate">{holder ? display_name : number}</bdi>
          {line.sandbox && <TestTag />}
          <Tag tone={status === "unread" ? "bad" : "neutral"} className="capitalize max-desk:sr-only">
            {status}
          </Tag>
        </h2>
        <div className="flex items-center gap-2.5 text-note text-ink-2">
          <p className="flex min-w-0">
            {/* The number is what tells two people of a name apart. */}
            <span className="truncate">{holder ? people : describeUnheld(phone_number)}</span>
            {holder && <span className="shrink-0 whitespace-pre">{people ? ` · ${number}` : number}</span>}
          </p>
          <Viewers viewers={others} />
        </div>
      </div>
    </>
  );
}

function Viewers({ viewers }: { viewers: Viewer[] }) {
  if (viewers.length === 0) return null;
  const names = [...new Set(viewers.map((viewer) => firstName(viewer.name)))];
  return (
    <p className="flex shrink-0 items-center gap-1.5 text-meta" role="status">
      <PresenceDot />
      <span>
        {listNames(names)} <span className="max-desk:sr-only">{names.length === 1 ? "is" : "are"} viewing</span>
      </span>
    </p>
  );
}

function LoadingWho() {
  return (
    <div role="status" className="flex-1 space-y-2">
      <span className="sr-only">Loading the conversation</span>
      <Skeleton className="h-4 w-40" />
      <Skeleton className="h-3 w-56" />
    </div>
  );
}
