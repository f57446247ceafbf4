import { useQuery } from "@tanstack/react-query";

import { describeAttempt } from "./describe-webhooks";
import { describeError } from "@/api/problem";
import { useTestWebhookEndpoint, webhookDeliveryQuery, type WebhookEndpoint } from "@/api/webhook-endpoints";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { showToast } from "@/ui/Toast";

/** Posts a test event, and shows what came of it. */
export function WebhookTest({ endpoint: { id, url } }: { endpoint: WebhookEndpoint }) {
  const test = useTestWebhookEndpoint();
  return (
    <>
      <Button
        size="sm"
        aria-label={`Send a test to ${url}`}
        disabled={test.isPending}
        onClick={() => test.mutate(id, { onError: (error) => showToast(`Not tested. ${describeError(error)}`) })}
      >
        Send a test
      </Button>
      <span role="status" className="order-last basis-full text-note empty:hidden">
        {test.data && <Result id={id} deliveryId={test.data.id} />}
      </span>
    </>
  );
}

function Result({ id, deliveryId }: { id: string; deliveryId: string }) {
  const { data, error } = useQuery(webhookDeliveryQuery(id, deliveryId));
  if (error && !data) return <>{describeError(error)}</>;
  const attempt = data?.attempts.at(-1);
  if (!attempt || data?.state === "pending") {
    return (
      <span className="inline-flex items-center gap-2">
        <Spinner /> The test is on its way.
      </span>
    );
  }
  return (
    <>
      {data?.state === "delivered" ? "The test was accepted." : "The test failed."} {describeAttempt(attempt)}
    </>
  );
}
