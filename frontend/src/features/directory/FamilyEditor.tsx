/** Adds a family, or changes its name, contacts and numbers; archives it and brings it back. */
import { useState, type ComponentProps } from "react";

import { ArchiveControl } from "./ArchiveControl";
import { NumbersEditor } from "./NumbersEditor";
import { draftContacts, newContact, sentContacts, type ContactDraft } from "./record-draft";
import { RefusalsThatStay } from "./RefusalsThatStay";
import { changedStudents, draftStudents, type StudentDraft } from "./student-draft";
import { StudentsEditor } from "./StudentsEditor";
import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useChangeFamily, useCreateFamily } from "@/api/records";
import type { Family } from "@/api/types";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Dialog } from "@/ui/Dialog";
import { changedFacts, draftFacts } from "@/ui/facts/facts-draft";
import { FactsFields } from "@/ui/facts/FactsFields";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem } from "@/ui/form";
import { PlusIcon } from "@/ui/icons";
import { showToast } from "@/ui/Toast";

interface FamilyEditorProps {
  /** Null for a new one. */
  family: Family | null;
  onSaved?: (family: Family) => void;
  onClose: () => void;
}

export default function FamilyEditor({ family, ...more }: FamilyEditorProps) {
  const { shown, key, load } = useLoaded(family);
  return <Editor key={key} family={shown} onLoad={load} {...more} />;
}

function Editor({ family, onLoad, onSaved, onClose }: FamilyEditorProps & { onLoad: (current: Family) => void }) {
  const { phone } = useFormats();
  const create = useCreateFamily();
  const change = useChangeFamily(family?.id ?? "");
  const submission = useSubmission();
  const [name, setName] = useState(family?.name ?? "");
  const [contacts, setContacts] = useState<ContactDraft[]>(() => (family ? draftContacts(family, phone) : [newContact()]));
  const [students, setStudents] = useState<StudentDraft[]>(() => (family ? draftStudents(family) : []));
  const [facts, setFacts] = useState(() => draftFacts(family));
  const { error, isPending } = family ? change : create;

  const done = (what: string) => ({
    onSuccess: (saved: Family) => {
      onClose();
      showToast(`${saved.name} ${what}.`);
      onSaved?.(saved);
    },
  });
  const save = (over: Family | null) => {
    const body = {
      name: name.trim(),
      contacts: sentContacts(contacts),
      ...changedStudents(family, students),
      ...changedFacts(family, facts),
    };
    if (over) change.mutate({ shown: over, body }, done("saved"));
    else create.mutate({ body, key: submission.keyFor(body) }, done("added"));
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(family);
  };
  const edit = (key: string, fields: Partial<ContactDraft>) =>
    setContacts((all) => all.map((each) => (each.key === key ? { ...each, ...fields } : each)));

  const fieldErrors = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={family ? `Edit ${family.name}` : "Add family"}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField label="Family name" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} error={errorOf("/name")} />
        {contacts.map((contact, index) => (
          <fieldset key={contact.key} className="space-y-3 rounded-lg border border-line px-3 pt-1 pb-3">
            <legend className="px-1 text-note text-ink-2">Contact {index + 1}</legend>
            <div className="flex gap-2">
              <TextField
                label="Name"
                autoComplete="off"
                className="min-w-0 flex-[3]"
                value={contact.name}
                onChange={(event) => edit(contact.key, { name: event.target.value })}
                error={errorOf(`/contacts/${index}/name`)}
              />
              <TextField
                label="Relation"
                autoComplete="off"
                placeholder="mother"
                className="min-w-0 flex-[2]"
                value={contact.relation}
                onChange={(event) => edit(contact.key, { relation: event.target.value })}
              />
            </div>
            <NumbersEditor
              numbers={contact.numbers}
              onChange={(numbers) => edit(contact.key, { numbers })}
              errorOf={(at) => errorOf(`/contacts/${index}/phone_records/${at}/phone_number`)}
            />
            <Button size="sm" variant="danger" onClick={() => setContacts((all) => all.filter(({ key }) => key !== contact.key))}>
              Remove {contact.name.trim() || `contact ${index + 1}`}
            </Button>
          </fieldset>
        ))}
        <Button className="self-start" onClick={() => setContacts((all) => [...all, newContact()])}>
          <PlusIcon size={16} />
          Add a contact
        </Button>
        <StudentsEditor students={students} onChange={setStudents} errorOf={errorOf} />
        <FactsFields facts={facts} onChange={setFacts} errorOf={errorOf} />
        {family && (
          <RefusalsThatStay
            ownerName={family.name}
            stored={family.contacts.flatMap((contact) => contact.phone_records)}
            numbers={contacts.flatMap((contact) => contact.numbers)}
          />
        )}
        <ChangedMeanwhile error={error} pending={isPending} onLoad={onLoad} onKeep={save} />
        <FormProblem>{error && !(error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(error))}</FormProblem>
        {family && (
          <ArchiveControl
            name={family.name}
            archived={family.archived}
            pending={isPending}
            onChange={(archived) => change.mutate({ shown: family, body: { archived } }, done(archived ? "archived" : "restored"))}
          />
        )}
        <FormActions label="Save" pending={isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
