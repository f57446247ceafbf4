import { useState, type ComponentProps } from "react";

import { ApiKeyShownOnce } from "./ApiKeyShownOnce";
import { useRotateApiKey, type ApiKey } from "@/api/api-keys";
import { describeError } from "@/api/problem";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { Choice, FormActions, FormProblem } from "@/ui/form";

const OVERLAPS = [
  { value: "1", label: "For a day", hint: "Time to put the new key into the other system." },
  { value: "7", label: "For seven days" },
  { value: "none", label: "Not at all", hint: "If somebody else may have it: the other system stops until it has the new key." },
] as const;
type Overlap = (typeof OVERLAPS)[number]["value"];

const DAY_MS = 86_400_000;
/** A week of this computer's clock must not be more than a week of the service's. */
const MARGIN_MS = 60_000;

export function RotateApiKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const rotate = useRotateApiKey();
  const submission = useSubmission();
  const [overlap, setOverlap] = useState<Overlap>("1");
  const [startedAt] = useState(() => Date.now());

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const until = overlap === "none" ? null : new Date(startedAt + Number(overlap) * DAY_MS - MARGIN_MS).toISOString();
    rotate.mutate({ id: apiKey.id, until, key: submission.keyFor({ id: apiKey.id, until }) });
  };

  if (rotate.data) return <ApiKeyShownOnce name={rotate.data.name} secret={rotate.data.key} onClose={onClose} />;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`A new key for ${apiKey.name}`}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <p className="text-ink-2">It has the same name and permissions, and is shown once.</p>
        <Choice legend="The old key stays valid" options={OVERLAPS} value={overlap} onChange={setOverlap} />
        <FormProblem>{rotate.isError && describeError(rotate.error)}</FormProblem>
        <FormActions label="Make the new key" pending={rotate.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
