/** Choosing a saved list by typing part of its name; one that nobody needs any more is deleted here. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeAudience } from "./audience";
import { audiencesQuery, useDeleteAudience, useSaveAudience, type Audience } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { useSubmission } from "@/lib/submission";
import { Combobox } from "@/ui/Combobox";
import { showToast } from "@/ui/Toast";

interface ListPickerProps {
  taken: readonly string[];
  onPick: (audience: Audience) => void;
  onClose: () => void;
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

export default function ListPicker({ taken, onPick, onClose }: ListPickerProps) {
  const [query, setQuery] = useState("");
  const { data, error } = useQuery(audiencesQuery);
  const remove = useDeleteAudience();
  const save = useSaveAudience();
  const submission = useSubmission();
  const wanted = query.trim().toLowerCase();
  const lists = data?.items.filter(({ id, name }) => !taken.includes(id) && name.toLowerCase().includes(wanted));
  const found = lists?.length === 1 ? lists[0] : undefined;
  const forget = ({ id, name, audience }: Audience) =>
    remove.mutate(id, {
      onSuccess: () => {
        const body = { name, audience };
        showToast(`The list “${name}” is deleted.`, { label: "Undo", run: () => save.mutate({ body, key: submission.keyFor([id, body]) }) });
      },
      onError: (problem) => showToast(`Not deleted. ${describeError(problem)}`),
    });
  return (
    <div className="mt-2 max-w-[420px]">
      <Combobox
        label="Saved lists"
        placeholder="Find a list"
        takesFocus
        query={query}
        onQuery={setQuery}
        items={lists ?? (error ? [] : undefined)}
        keyOf={({ id }) => id}
        renderItem={(each) => (
          <>
            <bdi className="block truncate">{each.name}</bdi>
            <span className="block truncate text-note text-ink-2">{describeAudience({ ...each.audience, audience_ids: [] }, { classes: NO_NAMES, lists: [] })}</span>
          </>
        )}
        onPick={onPick}
        onClose={onClose}
        empty={error ? describeError(error) : "No other list is called that."}
      />
      {found && (
        <button
          type="button"
          className="min-h-8 rounded-md px-3 text-note text-red underline-offset-2 target hover:underline"
          onClick={() => forget(found)}
        >
          Delete the list “<bdi>{found.name}</bdi>”
        </button>
      )}
    </div>
  );
}
