import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { describeError } from "@/api/problem";
import { savedReplySearchQuery, useFillReply, type FillFor } from "@/api/saved-replies";
import { Combobox } from "@/ui/Combobox";

interface SavedRepliesPanelProps {
  fillFor: FillFor;
  onInsert: (text: string) => void;
  onClose: () => void;
}

export default function SavedRepliesPanel({ fillFor, onInsert, onClose }: SavedRepliesPanelProps) {
  const [query, setQuery] = useState("");
  const { data, error, isPlaceholderData } = useQuery(savedReplySearchQuery(query.trim()));
  const fill = useFillReply();
  const problem = fill.error ?? error;
  return (
    <div data-own-escape="" className="mb-2 rounded-xl border border-line bg-surface p-2 shadow-float">
      <Combobox
        label="Saved replies"
        placeholder="Find a saved reply"
        upwards
        takesFocus
        query={query}
        onQuery={setQuery}
        items={data?.items ?? (error ? [] : undefined)}
        isEarlier={isPlaceholderData}
        keyOf={({ id }) => id}
        renderItem={({ title, body }) => (
          <>
            <span className="block truncate font-strong">
              <bdi>{title}</bdi>
            </span>
            <span className="block truncate text-note text-ink-2">
              <bdi>{body}</bdi>
            </span>
          </>
        )}
        onPick={({ id }) => fill.mutate({ id, fillFor }, { onSuccess: ({ body }) => onInsert(body) })}
        onClose={onClose}
        onKey={({ key }) => {
          if (query !== "" || (key !== "/" && key !== "Backspace")) return false;
          // A second slash is a slash.
          if (key === "/") onInsert("/");
          else onClose();
          return true;
        }}
        empty={problem ? null : query.trim() ? `No saved reply has “${query.trim()}”.` : "There are no saved replies yet."}
      />
      {problem && <p role="alert" className="px-3 py-1 text-note text-red">{describeError(problem)}</p>}
      <Link to="/saved-replies" className="inline-flex items-center px-3 py-1 text-note text-accent underline-offset-2 hover:underline max-desk:min-h-[44px]">
        Manage saved replies
      </Link>
    </div>
  );
}
