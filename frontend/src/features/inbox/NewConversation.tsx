/**
 * A text to somebody whose name or number one knows (TO-NAME). A hit with a conversation opens it. To any other the first text
 * is written here, and starts the conversation: nothing is made before it.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";

import { useFormats } from "@/api/format";
import { lineLabelsQuery } from "@/api/line-labels";
import { describeError } from "@/api/problem";
import { recipientQuery, recipientsQuery, type Recipient } from "@/api/recipients";
import { focusComposer } from "@/lib/composer-focus";
import { keepFilter } from "@/lib/inbox-search";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Combobox } from "@/ui/Combobox";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const FirstText = lazy(() => import("./FirstText"));

const TYPING_MS = 150;
const NOBODY: Recipient[] = [];

interface NewConversationProps {
  /** The number to text, if it was chosen elsewhere. */
  number: string | undefined;
  onClose: () => void;
}

export default function NewConversation({ number, onClose }: NewConversationProps) {
  const [chosen, setChosen] = useState<Recipient | null>(null);
  const navigate = useNavigate();
  const open = (conversationId: string) => {
    onClose();
    void navigate({ to: "/messenger/$conversationId", params: { conversationId }, search: keepFilter });
    // The window gives the focus back with a timer of its own, which is set when it is gone.
    setTimeout(() => setTimeout(() => focusComposer(conversationId)));
  };
  const choose = (recipient: Recipient) => {
    if (recipient.conversation?.line.id === recipient.line.id) open(recipient.conversation.id);
    else setChosen(recipient);
  };
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()} title="New conversation">
      {chosen ? (
        <Suspense fallback={<Skeleton className="h-40" />}>
          <FirstText recipient={chosen} onOpen={open} onBack={() => setChosen(null)} onClose={onClose} />
        </Suspense>
      ) : number ? (
        <Known number={number} onChoose={choose} />
      ) : (
        <ChooseRecipient onChoose={choose} onClose={onClose} />
      )}
    </Dialog>
  );
}

/** A number that was chosen on a record: who holds it, and on which line it is texted. */
function Known({ number, onChoose }: { number: string; onChoose: (recipient: Recipient) => void }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["recipient", "known", number],
    queryFn: async () => {
      const found = await client.query(recipientsQuery(number));
      return found.find((each) => each.phone_number === number) ?? client.query(recipientQuery(number, undefined));
    },
    staleTime: 0,
    gcTime: 0,
  });
  useEffect(() => {
    if (data) onChoose(data);
    // Once for each answer: choosing closes this.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data]);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return <Skeleton className="h-24" />;
}

function ChooseRecipient({ onChoose, onClose }: { onChoose: (recipient: Recipient) => void; onClose: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  const [lineId, setLineId] = useState<string | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, isPlaceholderData } = useQuery({ ...recipientsQuery(q), enabled: q !== "" });
  const isBehind = q !== text.trim();
  const items = text.trim() === "" ? NOBODY : isBehind ? undefined : data;

  const pick = async (recipient: Recipient) => {
    if (!lineId || lineId === recipient.line.id) {
      onChoose(recipient);
      return;
    }
    try {
      const { check, line, line_reason, notice, max_segments, max_attachments, max_attachment_bytes } = await client.query(
        recipientQuery(recipient.phone_number, lineId),
      );
      onChoose({ ...recipient, check, line, line_reason, notice, max_segments, max_attachments, max_attachment_bytes });
    } catch (failure) {
      showToast(describeError(failure));
    }
  };
  return (
    <form onSubmit={(event) => event.preventDefault()} className="flex flex-col gap-3">
      <Combobox
        label="Name or number"
        placeholder="A name, a child’s name or a number"
        query={text}
        onQuery={setText}
        items={error ? NOBODY : items}
        isEarlier={isPlaceholderData}
        keyOf={keyOf}
        renderItem={(recipient) => <Hit recipient={recipient} />}
        onPick={(recipient) => void pick(recipient)}
        onClose={onClose}
        empty={error ? describeError(error) : text.trim() === "" ? "The families and staff that you know, or any number." : <NoHit text={text.trim()} />}
        takesFocus
      />
      <LineChoice value={lineId} onChange={setLineId} />
    </form>
  );
}

function keyOf({ kind, owner_id, contact_name, phone_number }: Recipient): string {
  return [kind, owner_id, contact_name, phone_number].join(" ");
}

function NoHit({ text }: { text: string }) {
  const isNumber = /^[+\d][\d\s().-]*$/.test(text);
  return isNumber ? (
    <>No record has a number with “{text}”, and it is not a whole number of its own.</>
  ) : (
    <>Nobody is called “{text}”. Families, their contacts, children and staff are searched. A number can be typed too.</>
  );
}

/** One number of somebody: whose, whether it may be texted, and why not. */
function Hit({ recipient }: { recipient: Recipient }) {
  const { phone, brief } = useFormats();
  const { owner_name, contact_name, phone_number, label, check, conversation, kind } = recipient;
  return (
    <span className="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-2">
      <span className="truncate font-strong">
        <bdi>{owner_name ?? phone(phone_number)}</bdi>
        {(contact_name ?? (kind === "staff_member" ? "Staff" : null)) && <span className="font-normal text-ink-2"> · {contact_name ?? "Staff"}</span>}
      </span>
      {check.allowed ? <Tag tone="good" className="justify-self-end">Can be texted</Tag> : <Tag tone="bad" className="justify-self-end">Can’t be texted</Tag>}
      <span className="truncate text-note text-ink-2 tabular">
        {owner_name ? phone(phone_number) : "On no record"}
        {label && ` · ${label}`}
      </span>
      <span className="text-right text-note whitespace-nowrap text-ink-3">{conversation ? `Last text ${brief(conversation.last_message_at)}` : "No texts yet"}</span>
      {!check.allowed && <span className="col-span-2 text-note text-ink-2">{check.detail}</span>}
    </span>
  );
}

/** LINE-CHOICE: each number has its line; somebody may want another. */
function LineChoice({ value, onChange }: { value: string | undefined; onChange: (lineId: string | undefined) => void }) {
  const { data: lines = {} } = useQuery(lineLabelsQuery);
  const labels = Object.entries(lines);
  if (labels.length < 2) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1 border-t border-line pt-3">
      <label htmlFor="new-text-line" className="text-note text-ink-2">
        Text from
      </label>
      <select
        id="new-text-line"
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value || undefined)}
        className="h-8 min-w-0 flex-1 rounded-md max-desk:basis-full border border-edge bg-surface px-2 text-ink max-desk:h-[44px] [@media(hover:none)]:text-title"
      >
        <option value="">The line they know, else the usual one</option>
        {labels.map(([id, label]) => (
          <option key={id} value={id}>{label}</option>
        ))}
      </select>
      {value && (
        <Button size="sm" variant="quiet" onClick={() => onChange(undefined)}>
          Reset
        </Button>
      )}
    </div>
  );
}
