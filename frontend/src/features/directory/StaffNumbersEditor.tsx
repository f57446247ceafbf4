/** A staff member's telephone numbers, tags, location and notes. How they sign in and what they may do is changed in Administration. */
import { useState, type ComponentProps } from "react";

import { NumbersEditor } from "./NumbersEditor";
import { draftNumber, sentNumbers } from "./record-draft";
import { RefusalsThatStay } from "./RefusalsThatStay";
import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useChangeStaffMember } from "@/api/records";
import type { StaffMember } from "@/api/types";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Dialog } from "@/ui/Dialog";
import { changedFacts, draftFacts } from "@/ui/facts/facts-draft";
import { FactsFields } from "@/ui/facts/FactsFields";
import { FormActions, FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

export default function StaffNumbersEditor({ member, onClose }: { member: StaffMember; onClose: () => void }) {
  const { shown, key, load } = useLoaded(member);
  return <Editor key={key} member={shown} onLoad={load} onClose={onClose} />;
}

interface EditorProps {
  member: StaffMember;
  onLoad: (current: StaffMember) => void;
  onClose: () => void;
}

function Editor({ member, onLoad, onClose }: EditorProps) {
  const { phone } = useFormats();
  const change = useChangeStaffMember(member.id);
  const [numbers, setNumbers] = useState(() => member.phone_records.map((record) => draftNumber(record, phone)));
  const [facts, setFacts] = useState(() => draftFacts(member));
  const save = (over: StaffMember) =>
    change.mutate(
      { shown: over, body: { phone_records: sentNumbers(numbers), ...changedFacts(member, facts) } },
      {
        onSuccess: () => {
          onClose();
          showToast(`${member.name} saved.`);
        },
      },
    );
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(member);
  };
  const fieldErrors = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Edit ${member.name}`}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <NumbersEditor
          numbers={numbers}
          onChange={setNumbers}
          errorOf={(at) => fieldErrors.find(({ pointer }) => pointer === `/phone_records/${at}/phone_number`)?.detail ?? null}
        />
        <FactsFields
          facts={facts}
          onChange={setFacts}
          errorOf={(pointer) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null}
        />
        <RefusalsThatStay ownerName={member.name} stored={member.phone_records} numbers={numbers} />
        <ChangedMeanwhile error={change.error} pending={change.isPending} onLoad={onLoad} onKeep={save} />
        <FormProblem>{change.error && !(change.error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(change.error))}</FormProblem>
        <FormActions label="Save" pending={change.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
