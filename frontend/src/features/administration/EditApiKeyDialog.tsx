import { useState, type ComponentProps } from "react";

import { ApiKeyFields } from "./ApiKeyFields";
import { useChangeApiKey, type ApiKey } from "@/api/api-keys";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import type { Permission } from "@/api/types";
import { Dialog } from "@/ui/Dialog";
import { FormActions, FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

export function EditApiKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const save = useChangeApiKey();
  const [name, setName] = useState(apiKey.name);
  const [permissions, setPermissions] = useState<Permission[]>(apiKey.permissions);
  const [endsWithCreator, setEndsWithCreator] = useState(apiKey.ends_with_creator);

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const body = { name: name.trim(), permissions, ends_with_creator: endsWithCreator };
    save.mutate(
      { id: apiKey.id, body },
      {
        onSuccess: () => {
          showToast(`${body.name} changed. It counts from the next request.`);
          onClose();
        },
      },
    );
  };

  const nameError = isProblem(save.error, PROBLEM.validation)
    ? (save.error.problem.errors?.find(({ pointer }) => pointer === "/name")?.detail ?? null)
    : null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Change ${apiKey.name}`}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <ApiKeyFields
          name={name}
          onName={setName}
          nameError={nameError}
          permissions={permissions}
          onPermissions={setPermissions}
          endsWithCreator={endsWithCreator}
          onEndsWithCreator={apiKey.created_by ? setEndsWithCreator : null}
        />
        <FormProblem>{save.isError && !nameError && describeError(save.error)}</FormProblem>
        <FormActions label="Save" pending={save.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
