/** Exports a conversation or, for administrators, everything about its number (EXPORT). */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import { exportQuery, useCreateExport, type ExportFormat, type NewExport } from "@/api/exports";
import { describeError } from "@/api/problem";
import { useMe } from "@/api/session";
import type { ConversationDetail } from "@/api/types";
import { FORMATS } from "@/lib/describe-export";
import { isErased } from "@/lib/erased";
import { useSubmission } from "@/lib/submission";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ExportProgress } from "@/ui/exports/ExportProgress";
import { FormProblem, SelectField } from "@/ui/form";

type Kind = "conversation" | "phone_number";

export default function ExportConversation({ conversation }: { conversation: ConversationDetail }) {
  const [open, setOpen] = useState(false);
  if (!open)
    return (
      <Button size="sm" aria-expanded={false} onClick={() => setOpen(true)}>
        Export…
      </Button>
    );
  return (
    <section aria-label="Export">
      <h3 className="mb-2 text-meta font-semibold text-ink-2">Export</h3>
      <ExportForm conversation={conversation} onCancel={() => setOpen(false)} />
    </section>
  );
}

function ExportForm({ conversation, onCancel }: { conversation: ConversationDetail; onCancel: () => void }) {
  const { is_admin } = useMe();
  const create = useCreateExport();
  const submission = useSubmission();
  const [kind, setKind] = useState<Kind>("conversation");
  const [format, setFormat] = useState<ExportFormat>("html");

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const body: NewExport =
      kind === "conversation"
        ? { kind, format, conversation_id: conversation.id }
        : { kind, format, phone_number: conversation.phone_number };
    create.mutate({ body, key: submission.keyFor(body) });
  };

  if (create.data) return <Started id={create.data.id} onDone={onCancel} />;
  return (
    <form onSubmit={submit} className="flex flex-col gap-3" noValidate>
      {is_admin && !isErased(conversation.phone_number) && (
        <SelectField label="What" value={kind} onChange={({ target }) => setKind(target.value as Kind)}>
          <option value="conversation">This conversation, with notes</option>
          <option value="phone_number">Everything about the number, without notes</option>
        </SelectField>
      )}
      <SelectField label="Format" value={format} onChange={({ target }) => setFormat(target.value as ExportFormat)}>
        {Object.entries(FORMATS).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <FormProblem>{create.isError && describeError(create.error)}</FormProblem>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" size="sm" variant="primary" disabled={create.isPending}>
          {create.isPending && <Spinner />}
          Export
        </Button>
        <Button size="sm" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Started({ id, onDone }: { id: string; onDone: () => void }) {
  const { data: job } = useQuery(exportQuery(id));
  return (
    <div className="space-y-3" aria-live="polite">
      {job && <ExportProgress job={job} />}
      <Button size="sm" onClick={onDone}>
        Close
      </Button>
    </div>
  );
}
