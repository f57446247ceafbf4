import { useState, type ComponentProps } from "react";

import { EVENT_LABELS, EVENT_TYPES } from "./describe-webhooks";
import { WebhookSecretShownOnce } from "./WebhookSecretShownOnce";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useChangeWebhookEndpoint, useCreateWebhookEndpoint, type WebhookEndpoint, type WebhookEventType } from "@/api/webhook-endpoints";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { Choice, FormActions, FormProblem, Mark } from "@/ui/form";
import { showToast } from "@/ui/Toast";

const WHICH = [
  { value: "all", label: "Every event", hint: "Later versions may add more kinds." },
  { value: "some", label: "These events" },
] as const;
type Which = (typeof WHICH)[number]["value"];

/** A new endpoint, or a change of this one. */
export function WebhookEndpointDialog({ endpoint, onClose }: { endpoint: WebhookEndpoint | null; onClose: () => void }) {
  const create = useCreateWebhookEndpoint();
  const change = useChangeWebhookEndpoint();
  const submission = useSubmission();
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [description, setDescription] = useState(endpoint?.description ?? "");
  const [which, setWhich] = useState<Which>(endpoint && endpoint.event_types.length > 0 ? "some" : "all");
  const [types, setTypes] = useState<WebhookEventType[]>(endpoint?.event_types ?? []);
  const [enabled, setEnabled] = useState(endpoint?.enabled ?? true);
  const saving = endpoint ? change : create;

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const body = { url: url.trim(), description: description.trim(), event_types: which === "all" ? [] : types, enabled };
    if (!endpoint) {
      create.mutate({ body, key: submission.keyFor(body) });
      return;
    }
    change.mutate(
      { id: endpoint.id, body },
      {
        onSuccess: () => {
          showToast("Changed. It counts from the next event.");
          onClose();
        },
      },
    );
  };

  if (create.data) return <WebhookSecretShownOnce url={create.data.url} secret={create.data.secret} onClose={onClose} />;
  const urlError = isProblem(saving.error, PROBLEM.validation)
    ? (saving.error.problem.errors?.find(({ pointer }) => pointer === "/url")?.detail ?? null)
    : null;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={endpoint ? "Change the endpoint" : "New endpoint"}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField
          label="Address"
          type="url"
          inputMode="url"
          autoComplete="off"
          placeholder="https://"
          value={url}
          onChange={(event) => {
            setUrl(event.target.value);
            if (urlError) saving.reset();
          }}
          hint="Where the other system receives events."
          error={urlError}
        />
        <TextField label="What it is for" autoComplete="off" maxLength={200} value={description} onChange={(event) => setDescription(event.target.value)} />
        <Choice legend="Events" options={WHICH} value={which} onChange={setWhich} />
        {which === "some" && (
          <fieldset className="-mt-4 pl-[26px]">
            <legend className="sr-only">Kinds of events</legend>
            {EVENT_TYPES.map((type) => (
              <Mark
                key={type}
                label={EVENT_LABELS[type]}
                checked={types.includes(type)}
                onChange={(event) => setTypes(event.target.checked ? [...types, type] : types.filter((each) => each !== type))}
              />
            ))}
          </fieldset>
        )}
        <Mark label="On" hint="Events are posted to it." checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        <FormProblem>{saving.isError && !urlError && describeError(saving.error)}</FormProblem>
        <FormActions
          label={endpoint ? "Save" : "Create"}
          pending={saving.isPending}
          disabled={which === "some" && types.length === 0}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}
