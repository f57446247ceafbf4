/** The saved lists, to rename and to delete. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { describeAudience } from "./audience";
import { NO_NAMES } from "./ListPicker";
import { audiencesQuery, useDeleteAudience, useRenameAudience, useSaveAudience, type Audience } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { useSubmission } from "@/lib/submission";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

interface ManageListsProps {
  /** Those that the mass text goes to. */
  taken: readonly string[];
  onClose: () => void;
}

export default function ManageLists({ taken, onClose }: ManageListsProps) {
  const { data, error, refetch } = useQuery(audiencesQuery);
  const [deleted, setDeleted] = useState<readonly Audience[]>([]);
  const gone = deleted.filter(({ id }) => data?.items.every((each) => each.id !== id));
  const shown = [...(data?.items ?? []), ...gone].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Saved lists" description="Mass texts that are drafts use a list as it is when they go. Those that were sent stay as they are.">
      {data ? (
        <ul aria-label="Saved lists" className="divide-y divide-line">
          {shown.map((list) =>
            gone.includes(list) ? (
              <Deleted key={list.id} list={list} onBack={() => setDeleted((now) => now.filter((each) => each !== list))} />
            ) : (
              <List key={list.id} list={list} isTaken={taken.includes(list.id)} onDeleted={() => setDeleted((now) => [...now, list])} />
            ),
          )}
        </ul>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton className="h-40" />
      )}
      <DialogFoot>
        <Button onClick={onClose}>Done</Button>
      </DialogFoot>
    </Dialog>
  );
}

function List({ list, isTaken, onDeleted }: { list: Audience; isTaken: boolean; onDeleted: () => void }) {
  const [isNaming, setNaming] = useState(false);
  const { name, audience } = list;
  const said = describeAudience({ ...audience, audience_ids: [] }, { classes: NO_NAMES, lists: [] });
  if (isNaming) return <li className="py-2.5"><Name list={list} onDone={() => setNaming(false)} /></li>;
  return (
    <li aria-label={name} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <span className="min-w-40 flex-1">
        <bdi className="block [overflow-wrap:anywhere]">{name}</bdi>
        <span className="block text-note text-ink-2">{said}{isTaken && ". This mass text goes to it; take it off before you delete it."}</span>
      </span>
      <span className="flex gap-1">
        <Button size="sm" variant="quiet" aria-label={`Rename ${name}`} onClick={() => setNaming(true)}>
          Rename
        </Button>
        {!isTaken && <Delete list={list} onDeleted={onDeleted} />}
      </span>
    </li>
  );
}

function Name({ list, onDone }: { list: Audience; onDone: () => void }) {
  const { name } = list;
  const [written, setWritten] = useState(name);
  const rename = useRenameAudience();
  const wanted = written.trim();
  const submit = () => {
    if (wanted === name) onDone();
    else if (wanted !== "") rename.mutate({ shown: list, name: wanted }, { onSuccess: onDone });
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      className="flex flex-wrap items-end gap-2"
    >
      <TextField
        label={`Name of the list ${name}`} className="min-w-48 flex-1" dir="auto" autoComplete="off" maxLength={100} value={written}
        // It is there because somebody asked for it.
        // eslint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        error={rename.error ? `Not renamed. ${describeError(rename.error)}` : null}
        onChange={(event) => setWritten(event.target.value)}
      />
      <Button type="submit" variant="primary" disabled={wanted === "" || rename.isPending}>Save</Button>
      <Button onClick={onDone}>Cancel</Button>
    </form>
  );
}

function Delete({ list, onDeleted }: { list: Audience; onDeleted: () => void }) {
  const remove = useDeleteAudience();
  return (
    <Button
      size="sm" variant="danger" aria-label={`Delete ${list.name}`} disabled={remove.isPending}
      onClick={() => remove.mutate(list.id, { onSuccess: onDeleted, onError: (problem) => showToast(`Not deleted. ${describeError(problem)}`) })}
    >
      Delete
    </Button>
  );
}

/** Where a list was. A toast under the dialog could not be reached. */
function Deleted({ list: { id, name, audience }, onBack }: { list: Audience; onBack: () => void }) {
  const save = useSaveAudience();
  const submission = useSubmission();
  const body = { id, name, audience };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <p role="status" className="min-w-40 flex-1 text-ink-2">
        “<bdi>{name}</bdi>” is deleted.
        {save.error && <span className="block text-note text-red">It isn’t back. {describeError(save.error)}</span>}
      </p>
      <Button size="sm" disabled={save.isPending} aria-label={`Undo the deletion of ${name}`} onClick={() => save.mutate({ body, key: submission.keyFor(body) }, { onSuccess: onBack })}>
        Undo
      </Button>
    </li>
  );
}
