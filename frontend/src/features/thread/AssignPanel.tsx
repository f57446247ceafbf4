/** Who is to have the conversation (ASSIGN). */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import { colleaguesQuery } from "@/api/team";
import type { Person } from "@/api/types";
import { matchesWords } from "@/lib/text";
import { Avatar, Tag } from "@/ui/bits";
import { Combobox } from "@/ui/Combobox";
import { CheckIcon } from "@/ui/icons";
import { Popover, PopoverItem } from "@/ui/Popover";

interface AssignPanelProps {
  assignee: Person | null;
  onAssign: (to: Person | null) => void;
  onClose: () => void;
}

export default function AssignPanel({ assignee, onAssign, onClose }: AssignPanelProps) {
  const me = useMe().staff_member;
  const [query, setQuery] = useState("");
  const { data, error } = useQuery(colleaguesQuery);
  const isMe = ({ id }: Person) => id === me?.id;
  const found = data
    ?.filter(({ name }) => matchesWords(name, query))
    // Oneself first.
    .toSorted((a, b) => Number(isMe(b)) - Number(isMe(a)));
  return (
    <Popover label="Assign the conversation" onClose={onClose}>
      {assignee && (
        <div className="mb-1.5 border-b border-line pb-1.5">
          <PopoverItem onSelect={() => onAssign(null)}>
            Release
            <span className="ml-auto truncate text-note text-ink-2">{isMe(assignee) ? "you have" : `${assignee.name} has`} it</span>
          </PopoverItem>
        </div>
      )}
      <Combobox
        label="Colleagues"
        placeholder="Find a colleague"
        takesFocus
        query={query}
        onQuery={setQuery}
        items={found ?? (error ? [] : undefined)}
        keyOf={({ id }) => id}
        renderItem={(person) => (
          <span className="flex items-center gap-2.5">
            <Avatar name={person.name} size="sm" />
            <bdi className="min-w-0 flex-1 truncate">{person.name}</bdi>
            {isMe(person) && <Tag>You</Tag>}
            {person.id === assignee?.id && (
              <span className="text-accent">
                <CheckIcon size={16} />
                <span className="sr-only">has it</span>
              </span>
            )}
          </span>
        )}
        onPick={onAssign}
        onClose={onClose}
        empty={error ? describeError(error) : `Nobody with SMS Logs is called “${query.trim()}”.`}
      />
    </Popover>
  );
}
