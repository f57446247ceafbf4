import { useState, type ComponentProps } from "react";

import { copyText } from "./copy-text";
import { PermissionMarks } from "@/ui/permissions";
import { useCreateApiKey } from "@/api/api-keys";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { Permission } from "@/api/types";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { Choice, FormActions, FormProblem } from "@/ui/form";
import { Notice } from "@/ui/states";

const LIFETIMES = [
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
  { value: "never", label: "Until it is revoked" },
] as const;
type Lifetime = (typeof LIFETIMES)[number]["value"];

const DAY_MS = 86_400_000;

export function NewApiKeyDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateApiKey();
  const submission = useSubmission();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<Permission[]>(["sms_logs"]);
  const [lifetime, setLifetime] = useState<Lifetime>("365");
  const [startedAt] = useState(() => Date.now());

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const expires_at = lifetime === "never" ? null : new Date(startedAt + Number(lifetime) * DAY_MS).toISOString();
    const body = { name: name.trim(), permissions, expires_at };
    create.mutate({ body, key: submission.keyFor(body) });
  };

  if (create.data) return <ShownOnce name={create.data.name} secret={create.data.key} onClose={onClose} />;
  const nameError = isProblem(create.error, PROBLEM.validation)
    ? (create.error.problem.errors?.find(({ pointer }) => pointer === "/name")?.detail ?? null)
    : null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="New API key">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField
          label="Name"
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="What uses it, so that you know it again."
          error={nameError}
        />
        <PermissionMarks value={permissions} onChange={setPermissions} />
        <Choice legend="Valid for" options={LIFETIMES} value={lifetime} onChange={setLifetime} />
        <FormProblem>{create.isError && !nameError && describeError(create.error)}</FormProblem>
        <FormActions label="Create" pending={create.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

function ShownOnce({ name, secret, onClose }: { name: string; secret: string | null; onClose: () => void }) {
  if (secret === null) {
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={`The key of ${name}`}>
        <div className="flex flex-col gap-4">
          <Notice tone="warn" role="note">
            It was made some time ago, and its answer was lost on the way. It is no longer shown: revoke it and make another.
          </Notice>
          <div className="flex justify-end">
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`The key of ${name}`}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn" role="note">
          This is the only time it is shown. Keep it where the other system keeps its secrets; if it is lost, revoke it and make another.
        </Notice>
        <code className="rounded-md bg-sunken px-3 py-2.5 [overflow-wrap:anywhere] select-all">{secret}</code>
        <div className="flex justify-end gap-2">
          <Button onClick={() => copyText(secret)}>Copy</Button>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
