import { useId, useState } from "react";

import { describeTypes, whySwitchedOff } from "./describe-webhooks";
import { RotateWebhookSecretDialog } from "./RotateWebhookSecretDialog";
import { WebhookDeliveries } from "./WebhookDeliveries";
import { WebhookEndpointDialog } from "./WebhookEndpointDialog";
import { WebhookTest } from "./WebhookTest";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { useChangeWebhookEndpoint, useDeleteWebhookEndpoint, type WebhookEndpoint } from "@/api/webhook-endpoints";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export function WebhookEndpointRow({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { moment } = useFormats();
  const [open, setOpen] = useState<"edit" | "rotate" | null>(null);
  const [showsLog, setShowsLog] = useState(false);
  const log = useId();
  const { url, description, enabled, failing_since: failing, last_delivered_at: delivered, pending_deliveries: pending } = endpoint;
  return (
    <li className="py-3">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <bdi className="font-strong [overflow-wrap:anywhere]">{url}</bdi>
        <Health endpoint={endpoint} />
      </p>
      <p className="text-note text-ink-2">
        {description && (
          <>
            <bdi>{description}</bdi>
            {" · "}
          </>
        )}
        {describeTypes(endpoint)} · {delivered ? `last delivered ${moment(delivered)}` : "nothing delivered yet"}
        {pending > 0 && ` · ${pending === 10_000 ? "10,000 or more" : pending} waiting`}
      </p>
      <Why endpoint={endpoint} />
      {enabled && failing && (
        <Notice tone="warn" className="mt-2" icon={<WarningIcon size={16} />}>
          Every attempt has failed since {moment(failing)}. After three days of that it is switched off.
        </Notice>
      )}
      <div className="mt-2 flex flex-wrap gap-2">
        <WebhookTest endpoint={endpoint} />
        <Button size="sm" aria-expanded={showsLog} aria-controls={log} aria-label={`${showsLog ? "Hide deliveries" : "Deliveries"} to ${url}`} onClick={() => setShowsLog(!showsLog)}>
          {showsLog ? "Hide deliveries" : "Deliveries"}
        </Button>
        <Button size="sm" aria-label={`Change ${url}`} onClick={() => setOpen("edit")}>
          Change
        </Button>
        <Button size="sm" aria-label={`Rotate secret of ${url}`} onClick={() => setOpen("rotate")}>
          Rotate secret
        </Button>
        <Removal endpoint={endpoint} />
      </div>
      <div id={log}>{showsLog && <WebhookDeliveries endpoint={endpoint} />}</div>
      {open === "edit" && <WebhookEndpointDialog endpoint={endpoint} onClose={() => setOpen(null)} />}
      {open === "rotate" && <RotateWebhookSecretDialog endpoint={endpoint} onClose={() => setOpen(null)} />}
    </li>
  );
}

function Health({ endpoint: { enabled, failing_since: failing, last_delivered_at: delivered } }: { endpoint: WebhookEndpoint }) {
  if (!enabled) return <Tag>Off</Tag>;
  if (failing) return <Tag tone="warn">Failing</Tag>;
  return delivered ? <Tag tone="good">Working</Tag> : <Tag>On</Tag>;
}

function Why({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { moment } = useFormats();
  const change = useChangeWebhookEndpoint();
  const why = whySwitchedOff(endpoint);
  if (why === null) return null;
  return (
    <Notice tone={endpoint.disabled_reason === "person" ? "neutral" : "warn"} className="mt-2" icon={<WarningIcon size={16} />}>
      <p>
        {why} {endpoint.disabled_at && `That was ${moment(endpoint.disabled_at)}. `}When you switch it on, it receives the events of the last 30 days that it missed.
      </p>
      <Button
        size="sm"
        className="mt-2"
        aria-label={`Switch on ${endpoint.url}`}
        disabled={change.isPending}
        onClick={() =>
          change.mutate(
            { id: endpoint.id, body: { enabled: true } },
            {
              onSuccess: () => showToast("Switched on. It receives the events that it missed."),
              onError: (error) => showToast(`Not switched on. ${describeError(error)}`),
            },
          )
        }
      >
        Switch on
      </Button>
    </Notice>
  );
}

function Removal({ endpoint: { id, url } }: { endpoint: WebhookEndpoint }) {
  const remove = useDeleteWebhookEndpoint();
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <Button size="sm" variant="danger" aria-label={`Delete ${url}`} onClick={() => setAsking(true)}>
        Delete
      </Button>
    );
  }
  return (
    <>
      <Button
        size="sm"
        variant="danger"
        disabled={remove.isPending}
        onClick={() =>
          remove.mutate(id, {
            onSuccess: () => showToast("Deleted. Nothing is posted there any more."),
            onError: (error) => showToast(`Not deleted. ${describeError(error)}`),
          })
        }
      >
        Delete now
      </Button>
      <Button size="sm" onClick={() => setAsking(false)}>
        Keep
      </Button>
    </>
  );
}
