/** What its author can do with a note, and how it read before. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { NoteBox } from "./NoteBox";
import { useFormats } from "@/api/format";
import { noteQuery, useEditNote, useRemoveNote, useRestoreNote } from "@/api/notes";
import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import type { Note } from "@/api/types";
import { plural } from "@/lib/text";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog, DialogFoot } from "@/ui/Dialog";
import { ErrorState } from "@/ui/states";
import { Step, Steps } from "@/ui/Steps";
import { showToast } from "@/ui/Toast";

const LINK = "target -my-3.5 rounded-sm py-3.5 underline-offset-2 hover:underline";

export default function NoteActions({ note }: { note: Note }) {
  const me = useMe();
  const [open, setOpen] = useState<"edit" | "history" | null>(null);
  const isOwn = note.author.kind === "staff_member" && note.author.id === me.staff_member?.id;
  const remove = useRemoveNote(note);
  const restore = useRestoreNote(note);

  // The actions are gone with the note, and with them the callbacks of `mutate`.
  const takeBack = () =>
    void restore.mutateAsync().then(
      () => showToast("The note is back."),
      (error: unknown) => showToast(`The note is still removed. ${describeError(error)}`, { label: "Try again", run: takeBack }),
    );
  const removeIt = () =>
    void remove.mutateAsync().then(
      () => showToast("Note removed. A mark stays in its place.", { label: "Undo", run: takeBack }),
      (error: unknown) => showToast(`Not removed. ${describeError(error)}`),
    );

  return (
    <>
      {note.edits > 0 && (
        <button type="button" aria-haspopup="dialog" className={LINK} onClick={() => setOpen("history")}>
          · Edited
        </button>
      )}
      <span className="ml-auto flex gap-3 print:hidden">
        {isOwn && (
          <button type="button" className={LINK} onClick={() => setOpen("edit")}>
            Edit
          </button>
        )}
        {(isOwn || me.is_admin) && (
          <button type="button" className={LINK} disabled={remove.isPending} onClick={removeIt}>
            Remove
          </button>
        )}
      </span>
      {open === "edit" && <EditNote note={note} onClose={() => setOpen(null)} />}
      {open === "history" && <NoteHistory note={note} onClose={() => setOpen(null)} />}
    </>
  );
}

function EditNote({ note, onClose }: { note: Note; onClose: () => void }) {
  const edit = useEditNote(note);
  const [body, setBody] = useState(note.body);
  const [people, setPeople] = useState(() => note.mentions.map(({ staff_member_id: id, name }) => ({ id, name })));
  const save = (text: { body: string; mentions: string[] }) => edit.mutate(text, { onSuccess: onClose });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Edit your note" description="What it said before stays readable under “Edited”.">
      <NoteBox
        label="Note"
        body={body}
        setBody={setBody}
        people={people}
        setPeople={setPeople}
        takesFocus
        onSubmit={save}
        footer={({ submit, canSubmit }) => (
          <DialogFoot>
            {edit.isError && (
              <p role="alert" className="mr-auto self-center text-note text-red">
                Not saved. {describeError(edit.error)}
              </p>
            )}
            <Button onClick={onClose}>Cancel</Button>
            <Button variant="primary" disabled={!canSubmit || edit.isPending} onClick={submit}>
              Save note
            </Button>
          </DialogFoot>
        )}
      />
    </Dialog>
  );
}

function NoteHistory({ note, onClose }: { note: Note; onClose: () => void }) {
  const { data, error, isError, refetch } = useQuery(noteQuery(note.id));
  const { exact } = useFormats();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="How this note read before"
      description={`${note.author.name} changed it ${plural(note.edits, "time")}.`}
    >
      {isError && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton className="h-16 w-full" />}
      {data && (
        <Steps>
          {[...data.versions.map(({ body, written_at }) => ({ body, at: written_at })), { body: data.body, at: data.edited_at ?? data.created_at }]
            .toReversed()
            .map(({ body, at }, index) => (
              <Step key={at} when={exact(at)}>
                {index === 0 && <b className="font-strong text-ink">Now: </b>}
                <span dir="auto" className="whitespace-pre-wrap text-ink [overflow-wrap:anywhere]">
                  {body}
                </span>
              </Step>
            ))}
        </Steps>
      )}
    </Dialog>
  );
}
