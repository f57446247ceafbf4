import { useState, type ComponentProps } from "react";

import { WebhookSecretShownOnce } from "./WebhookSecretShownOnce";
import { describeError } from "@/api/problem";
import { useRotateWebhookSecret, type WebhookEndpoint } from "@/api/webhook-endpoints";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { Choice, FormActions, FormProblem } from "@/ui/form";

const OVERLAPS = [
  { value: "24", label: "For a day", hint: "Time to put the new secret into the other system: until then both sign." },
  { value: "1", label: "For an hour" },
  { value: "0", label: "Not at all", hint: "If somebody else may have it: the other system refuses events until it has the new secret." },
] as const;
type Overlap = (typeof OVERLAPS)[number]["value"];

export function RotateWebhookSecretDialog({ endpoint, onClose }: { endpoint: WebhookEndpoint; onClose: () => void }) {
  const rotate = useRotateWebhookSecret();
  const submission = useSubmission();
  const [overlap, setOverlap] = useState<Overlap>("24");

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const hours = Number(overlap);
    rotate.mutate({ id: endpoint.id, hours, key: submission.keyFor({ id: endpoint.id, hours }) });
  };

  if (rotate.data) return <WebhookSecretShownOnce url={rotate.data.url} secret={rotate.data.secret} onClose={onClose} />;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="A new secret">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <p className="text-ink-2 [overflow-wrap:anywhere]">
          For <bdi>{endpoint.url}</bdi>. It is shown once.
        </p>
        <Choice legend="The old secret signs too" options={OVERLAPS} value={overlap} onChange={setOverlap} />
        <FormProblem>{rotate.isError && describeError(rotate.error)}</FormProblem>
        <FormActions label="Make the new secret" pending={rotate.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
