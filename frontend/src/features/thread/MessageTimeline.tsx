import { useQuery } from "@tanstack/react-query";

import { DELIVERY, describeCost, describeSender, describeStep } from "./describe-message";
import { useFormats } from "@/api/format";
import { messageQuery } from "@/api/messages";
import type { Message } from "@/api/types";
import { plural } from "@/lib/text";
import { Skeleton } from "@/ui/bits";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/states";
import { Steps, Step } from "@/ui/Steps";

/** The timeline of one message. */
export default function MessageTimeline({ message, onClose }: { message: Message; onClose: () => void }) {
  const { data, error, isError, refetch } = useQuery(messageQuery(message.id));
  const { exact } = useFormats();
  const { label, meaning } = DELIVERY[message.status];

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={label} description={message.error?.title ?? meaning}>
      <p dir="auto" className="mb-4 line-clamp-3 rounded-lg bg-sunken px-3 py-2 text-note whitespace-pre-wrap [overflow-wrap:anywhere]">
        {message.body}
      </p>
      {isError && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton className="h-16 w-full" />}
      {data && (
        <Steps>
          {data.timeline.map((step, index) => (
            <Step key={index} when={exact(step.at)}>
              <b className="font-strong text-ink">{describeStep(step, message)}</b>
              {step.detail && <span className="block">{step.detail}</span>}
              {step.code && <span className="block text-ink-3">Carrier code {step.code}</span>}
            </Step>
          ))}
        </Steps>
      )}
      <p className="mt-3 text-note text-ink-2">
        Billed as {plural(message.segments, "text")}
        {message.sent_by && `, sent by ${describeSender(message)}`}.{data && message.direction === "outbound" && ` ${describeCost(data)}`}
      </p>
    </Dialog>
  );
}
