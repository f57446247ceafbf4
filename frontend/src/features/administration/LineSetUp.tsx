/** How a line is set up at its provider, and whether it is. */
import { useId } from "react";

import { copyText } from "./copy-text";
import { isPublic } from "./line-providers";
import { LineCheck } from "./LineCheck";
import { useProvider, type Line } from "@/api/lines";
import { Button } from "@/ui/Button";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

export function LineSetUp({ line }: { line: Line }) {
  const provider = useProvider(line.provider);
  const { inbound, status } = line.webhook_urls;
  return (
    <div role="group" aria-label={`Set-up of ${line.label}`} className="mt-3 flex flex-col gap-4 rounded-lg border border-line p-4">
      <ol className="list-decimal space-y-1 pl-5">
        {provider?.setup_steps.map((step) => (
          <li key={step} className="[overflow-wrap:anywhere]">
            {step.replaceAll("{phone_number}", line.phone_number)}
          </li>
        ))}
      </ol>
      <Address label="Address for texts" value={inbound} />
      <Address label="Address for delivery reports" value={status} {...(provider && { hint: provider.status_address_help })} />
      {line.provider !== "simulator" && !isPublic(inbound) && (
        <Notice tone="warn" role="note" icon={<WarningIcon size={16} />}>
          {provider?.name ?? "The provider"} can’t reach this address from the internet. Whoever runs Messenger sets its public address (MESSENGER_PUBLIC_URL), which starts with https.
        </Notice>
      )}
      <LineCheck line={line} />
    </div>
  );
}

function Address({ label, value, hint }: { label: string; value: string; hint?: string }) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-strong">
        {label}
      </label>
      <div className="flex items-center gap-2">
        <input
          id={id}
          readOnly
          value={value}
          aria-describedby={hint ? `${id}-note` : undefined}
          onFocus={(event) => event.target.select()}
          className="h-9 min-w-0 flex-1 rounded-md bg-sunken px-3 font-mono text-note"
        />
        <Button aria-label={`Copy: ${label}`} onClick={() => copyText(value)}>
          Copy
        </Button>
      </div>
      {hint && (
        <p id={`${id}-note`} className="mt-1 text-note text-ink-2">
          {hint}
        </p>
      )}
    </div>
  );
}
