/** The composer's other side: a note to colleagues. Nothing in it can be sent by mistake. */
import { useMemo, useRef } from "react";

import { NoteBox, type Colleague } from "./NoteBox";
import { useAddNote } from "@/api/notes";
import { describeError } from "@/api/problem";
import { ownerKey, useMe } from "@/api/session";
import { focusOpenRow } from "@/lib/composer-focus";
import { useDraft } from "@/lib/drafts";
import { NoteIcon } from "@/ui/icons";

/** Where the drafts of notes are kept: a text's draft is another. */
export const noteDraft = (conversationId: string) => `note:${conversationId}`;

export default function NoteComposer({ conversationId, onAdded }: { conversationId: string; onAdded: () => void }) {
  const owner = ownerKey(useMe());
  const [body, setBody] = useDraft(owner, noteDraft(conversationId));
  const [stored, store] = useDraft(owner, `note-people:${conversationId}`);
  const people = useMemo(() => readPeople(stored), [stored]);
  const add = useAddNote(conversationId);
  const attempt = useRef({ text: "", key: "" });

  return (
    <div className="rounded-xl rounded-tl-none border-2 border-dashed border-amber bg-amber-soft px-3 py-2.5 focus-within:border-solid">
      <NoteBox
        label="Note"
        placeholder="Write a note to your colleagues. @ mentions one."
        body={body}
        setBody={setBody}
        people={people}
        setPeople={(next) => store(next.length === 0 ? "" : JSON.stringify(next))}
        takesFocus
        boxProps={{ "data-composer": conversationId }}
        onEscape={focusOpenRow}
        onSubmit={(note) => {
          if (add.isPending) return;
          // The same words under the same key: an attempt whose answer was lost is not a second note.
          if (attempt.current.text !== note.body) attempt.current = { text: note.body, key: crypto.randomUUID() };
          add.mutate(
            { ...note, key: attempt.current.key },
            {
              onSuccess: () => {
                attempt.current = { text: "", key: "" };
                setBody("");
                store("");
                onAdded();
              },
            },
          );
        }}
        footer={({ submit, canSubmit, excess }) => (
          <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-2">
            {add.isError ? (
              <p role="alert" className="text-note text-red">
                Not added. {describeError(add.error)} Your words are kept here.
              </p>
            ) : (
              <p className="text-note text-ink-2">{excess > 0 ? `${excess} characters too many.` : "Only colleagues see it. It is never sent."}</p>
            )}
            <button
              type="button"
              disabled={!canSubmit || add.isPending}
              onClick={submit}
              className="target ml-auto inline-flex min-h-8 items-center gap-2 rounded-md bg-amber px-3 py-1.5 font-strong text-bg disabled:opacity-55"
            >
              <NoteIcon size={16} />
              {add.isError ? "Try again" : "Add note"}
            </button>
          </div>
        )}
      />
    </div>
  );
}

function readPeople(stored: string): Colleague[] {
  try {
    const people: unknown = JSON.parse(stored || "[]");
    return Array.isArray(people) ? (people as Colleague[]).filter((each) => typeof each.id === "string" && typeof each.name === "string") : [];
  } catch {
    return [];
  }
}
