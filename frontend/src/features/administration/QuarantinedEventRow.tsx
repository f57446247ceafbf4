import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import { useFormats } from "@/api/format";
import { inboundEventQuery, useReplayEvent, type InboundEvent, type InboundEventDetail } from "@/api/inbound";
import { describeError } from "@/api/problem";
import { Skeleton } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const KINDS: Record<InboundEvent["kind"], string> = {
  message: "Text",
  status: "Delivery report",
  unreadable: "Something unreadable",
};

export function QuarantinedEventRow({ event, line }: { event: InboundEvent; line: string | undefined }) {
  const { dateTime, phone } = useFormats();
  const replay = useReplayEvent();
  const [open, setOpen] = useState(false);
  const content = useId();
  const number = event.phone_number ? phone(event.phone_number) : "an unknown number";
  const about = `${KINDS[event.kind]} ${event.kind === "status" ? "about" : "from"} ${number}`;
  const tries = event.attempts === 1 ? "tried once" : `tried ${event.attempts} times`;
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div className="min-w-0 flex-[1_1_260px]">
          <p className="font-strong">
            <bdi>{about}</bdi>
          </p>
          <p className="text-note [overflow-wrap:anywhere]">{event.error}</p>
          <p className="text-note text-ink-2">
            {dateTime(event.received_at)}
            {line && (
              <>
                {" · to "}
                <bdi>{line}</bdi>
              </>
            )}
            {` · ${tries}`}
          </p>
        </div>
        <div className="flex gap-2">
          <Button size="sm" aria-expanded={open} aria-controls={content} onClick={() => setOpen(!open)}>
            {open ? "Hide content" : "Show content"}
          </Button>
          <Button
            size="sm"
            aria-label={`Replay: ${about}`}
            disabled={replay.isPending}
            onClick={() =>
              replay.mutate(event.id, {
                onSuccess: () => showToast("It is being tried again. If it fails once more, it comes back here."),
                onError: (failure) => showToast(`Not replayed. ${describeError(failure)}`),
              })
            }
          >
            Replay
          </Button>
        </div>
      </div>
      <div id={content}>{open && <Content id={event.id} />}</div>
    </li>
  );
}

function Content({ id }: { id: string }) {
  const { data, error, isError, refetch } = useQuery(inboundEventQuery(id));
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="mt-2 h-16" />;
  return <Raw raw={data.raw} />;
}

/** The raw content, always shown as text. */
function Raw({ raw }: { raw: InboundEventDetail["raw"] }) {
  if (!raw) return <p className="mt-2 text-note text-ink-2">Its content is no longer kept.</p>;
  const binary = raw.text === null;
  return (
    <figure className="mt-2">
      <figcaption className="text-meta text-ink-2">
        As it came: {raw.content_type || "no content type"}, {raw.bytes === 1 ? "1 byte" : `${raw.bytes} bytes`}
        {binary && ", not text, so it is shown as base64"}
      </figcaption>
      <textarea
        readOnly
        dir="auto"
        aria-label="Content as it came"
        rows={4}
        value={raw.text ?? raw.base64 ?? ""}
        className="mt-1 block w-full resize-y rounded-md bg-sunken p-3 font-mono text-meta"
      />
    </figure>
  );
}
