import { useRef, useState, type ComponentProps } from "react";

import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useDeleteReply, useSaveReply } from "@/api/saved-replies";
import { useMe } from "@/api/session";
import type { SavedReply } from "@/api/types";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { Choice, FormActions, FormProblem, TextArea } from "@/ui/form";
import { showToast } from "@/ui/Toast";

const FIELDS = [
  ["first_name", "First name"],
  ["family", "Family"],
  ["student_first_names", "Students’ first names"],
  ["class", "Class"],
  ["business", "Business"],
  ["my_name", "Your name"],
] as const;

const SCOPES = [
  { value: "own", label: "Only you" },
  { value: "organization", label: "Everybody here" },
] as const;

export default function ReplyEditor({ reply, onClose }: { reply: SavedReply | null; onClose: () => void }) {
  const { shown, key, load } = useLoaded(reply);
  return <Editor key={key} reply={shown} onLoad={load} onClose={onClose} />;
}

interface EditorProps {
  reply: SavedReply | null;
  onLoad: (current: SavedReply) => void;
  onClose: () => void;
}

function Editor({ reply, onLoad, onClose }: EditorProps) {
  const me = useMe();
  const save = useSaveReply();
  const remove = useDeleteReply();
  const submission = useSubmission();
  const [title, setTitle] = useState(reply?.title ?? "");
  const [body, setBody] = useState(reply?.body ?? "");
  const [scope, setScope] = useState<SavedReply["scope"]>(reply?.scope ?? "own");
  const box = useRef<HTMLTextAreaElement>(null);
  const done = (said: string) => ({
    onSuccess: () => {
      onClose();
      showToast(said);
    },
  });
  const send = (over: SavedReply | null) => {
    const sent = { title: title.trim(), body: body.trim(), scope };
    save.mutate({ shown: over, body: sent, key: submission.keyFor(sent) }, done(`“${sent.title}” saved.`));
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    send(reply);
  };
  const insert = (field: string) => {
    const { selectionStart: start = body.length, selectionEnd: end = body.length } = box.current ?? {};
    setBody(`${body.slice(0, start)}{${field}}${body.slice(end)}`);
    box.current?.focus();
  };
  const error = save.error ?? remove.error;
  const fieldErrors = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={reply ? `Edit ${reply.title}` : "New saved reply"}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField
          label="Title"
          autoComplete="off"
          maxLength={60}
          hint="What you will type after the /"
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          error={errorOf("/title")}
        />
        <div>
          <TextArea ref={box} label="Text" rows={5} maxLength={1600} dir="auto" value={body} onChange={(event) => setBody(event.target.value)} />
          {errorOf("/body") && <p role="alert" className="mt-1 text-note text-red">{errorOf("/body")}</p>}
          <div role="group" aria-label="Insert a field" className="mt-2 flex flex-wrap gap-1">
            {FIELDS.map(([field, label]) => (
              <Button key={field} size="sm" variant="quiet" title={`{${field}}`} onClick={() => insert(field)}>
                {label}
              </Button>
            ))}
          </div>
        </div>
        {reply === null && me.is_admin && <Choice legend="Who can use it" options={SCOPES} value={scope} onChange={setScope} />}
        <ChangedMeanwhile error={error} pending={save.isPending} onLoad={onLoad} onKeep={send} />
        <FormProblem>{error && !(error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(error))}</FormProblem>
        <FormActions label="Save" pending={save.isPending} disabled={title.trim() === "" || body.trim() === ""} onCancel={onClose}>
          {reply && (
            <Button variant="danger" disabled={remove.isPending} onClick={() => remove.mutate(reply.id, done(`“${reply.title}” deleted.`))}>
              Delete
            </Button>
          )}
        </FormActions>
      </form>
    </Dialog>
  );
}
