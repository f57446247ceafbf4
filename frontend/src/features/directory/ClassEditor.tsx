/** Adds a class, or changes it; archives it and brings it back. */
import { useState, type ComponentProps } from "react";

import { changedClass, draftClass, sentClass } from "./class-draft";
import { ClassFields } from "./ClassFields";
import { useChangeClass, useCreateClass } from "@/api/classes";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { ListedClass, StudentClass } from "@/api/types";
import { useSubmission } from "@/lib/submission";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormActions, FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

interface ClassEditorProps {
  /** Null for a new one. */
  each: ListedClass | null;
  onSaved?: (saved: StudentClass) => void;
  onClose: () => void;
}

export default function ClassEditor({ each, onSaved, onClose }: ClassEditorProps) {
  const create = useCreateClass();
  const change = useChangeClass(each?.id ?? "");
  const submission = useSubmission();
  const [draft, setDraft] = useState(() => draftClass(each));
  const { error, isPending } = each ? change : create;

  const done = (what: string) => ({
    onSuccess: (saved: StudentClass) => {
      onClose();
      showToast(`${saved.name} ${what}.`);
      onSaved?.(saved);
    },
  });
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    if (each) {
      change.mutate(changedClass(each, draft), done("saved"));
      return;
    }
    const body = sentClass(draft);
    create.mutate({ body, key: submission.keyFor(body) }, done("added"));
  };
  const restore = () =>
    void change.mutateAsync({ archived: false }).then(
      ({ name }) => showToast(`${name} is back.`),
      (failed: unknown) => showToast(`Not brought back. ${describeError(failed)}`),
    );
  const archive = () =>
    change.mutate(
      { archived: true },
      {
        onSuccess: ({ name }) => {
          onClose();
          showToast(`${name} archived.`, { label: "Undo", run: restore });
        },
      },
    );

  const fieldErrors = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={each ? `Edit ${each.name}` : "Add class"}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <ClassFields draft={draft} onChange={setDraft} errorOf={(pointer) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null} />
        {each && each.students > 0 && (
          <p className="text-note text-ink-2">A change is shown for {plural(each.students, "student")} of the class.</p>
        )}
        <FormProblem>{error && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(error))}</FormProblem>
        <FormActions label="Save" pending={isPending} onCancel={onClose}>
          {each && !each.archived && (
            <Button variant="danger" disabled={isPending} onClick={archive}>
              Archive
            </Button>
          )}
          {each?.archived && (
            <Button disabled={isPending} onClick={() => change.mutate({ archived: false }, done("is back"))}>
              Bring back
            </Button>
          )}
        </FormActions>
      </form>
    </Dialog>
  );
}
