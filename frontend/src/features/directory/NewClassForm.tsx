/** Makes a class of the business. It stands within another form, so it is no form itself. */
import { useState } from "react";

import { draftClass, sentClass } from "./class-draft";
import { ClassFields } from "./ClassFields";
import { useCreateClass } from "@/api/classes";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { StudentClass } from "@/api/types";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { FormProblem } from "@/ui/form";

interface NewClassFormProps {
  name: string;
  onMade: (made: StudentClass) => void;
  onCancel: () => void;
}

export function NewClassForm({ name, onMade, onCancel }: NewClassFormProps) {
  const create = useCreateClass();
  const submission = useSubmission();
  const [draft, setDraft] = useState(() => draftClass(null, name));
  const save = () => {
    const body = sentClass(draft);
    create.mutate({ body, key: submission.keyFor(body) }, { onSuccess: onMade });
  };
  const fieldErrors = isProblem(create.error, PROBLEM.validation) ? (create.error.problem.errors ?? []) : [];
  return (
    <div role="group" aria-label="New class" className="space-y-3 rounded-lg bg-sunken p-3">
      <ClassFields draft={draft} onChange={setDraft} errorOf={(pointer) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null} />
      <FormProblem>{create.error && fieldErrors.length === 0 && describeError(create.error)}</FormProblem>
      <div className="flex justify-end gap-2">
        <Button size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button size="sm" variant="primary" disabled={create.isPending || draft.name.trim() === ""} onClick={save}>
          Make the class
        </Button>
      </div>
    </div>
  );
}
