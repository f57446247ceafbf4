import { useState, type ComponentProps } from "react";

import { ApiKeyFields } from "./ApiKeyFields";
import { ApiKeyShownOnce } from "./ApiKeyShownOnce";
import { useCreateApiKey } from "@/api/api-keys";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { Permission } from "@/api/types";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { Choice, FormActions, FormProblem } from "@/ui/form";

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
  const [endsWithCreator, setEndsWithCreator] = useState(false);
  const [lifetime, setLifetime] = useState<Lifetime>("365");
  const [startedAt] = useState(() => Date.now());

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const expires_at = lifetime === "never" ? null : new Date(startedAt + Number(lifetime) * DAY_MS).toISOString();
    const body = { name: name.trim(), permissions, expires_at, ends_with_creator: endsWithCreator };
    create.mutate({ body, key: submission.keyFor(body) });
  };

  if (create.data) return <ApiKeyShownOnce name={create.data.name} secret={create.data.key} onClose={onClose} />;
  const nameError = isProblem(create.error, PROBLEM.validation)
    ? (create.error.problem.errors?.find(({ pointer }) => pointer === "/name")?.detail ?? null)
    : null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="New API key">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <ApiKeyFields
          name={name}
          onName={setName}
          nameError={nameError}
          permissions={permissions}
          onPermissions={setPermissions}
          endsWithCreator={endsWithCreator}
          onEndsWithCreator={setEndsWithCreator}
        />
        <Choice legend="Valid for" options={LIFETIMES} value={lifetime} onChange={setLifetime} />
        <FormProblem>{create.isError && !nameError && describeError(create.error)}</FormProblem>
        <FormActions label="Create" pending={create.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
