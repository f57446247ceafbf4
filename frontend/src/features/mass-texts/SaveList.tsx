import { useState, type ComponentProps } from "react";

import { useSaveAudience, type AudienceDescription } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

interface SaveListProps {
  audience: AudienceDescription;
  onSaved: (id: string) => void;
  onClose: () => void;
}

/** Keeps an audience under a name: as a description, which is looked up whenever it is used. */
export default function SaveList({ audience, onSaved, onClose }: SaveListProps) {
  const [name, setName] = useState("");
  const save = useSaveAudience();
  const submission = useSubmission();
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const { families, staff_members, numbers, external_ids, contacts } = audience;
    const body = { name: name.trim(), audience: { families, staff_members, numbers, external_ids, contacts } };
    save.mutate(
      { body, key: submission.keyFor(body) },
      {
        onSuccess: ({ id }) => {
          onSaved(id);
          onClose();
          showToast(`The list “${body.name}” is saved.`);
        },
      },
    );
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Save as a list" description="Whoever fits it when it is used is in it: also those who join later.">
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <TextField label="Name" autoComplete="off" maxLength={100} dir="auto" placeholder="Team parents" value={name} onChange={(event) => setName(event.target.value)} />
        <FormProblem>{save.error && `Not saved. ${describeError(save.error)}`}</FormProblem>
        <FormActions label="Save" pending={save.isPending} disabled={name.trim() === ""} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
