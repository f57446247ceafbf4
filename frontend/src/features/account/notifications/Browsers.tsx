import { useQuery } from "@tanstack/react-query";
import { useId } from "react";

import { useFormats } from "@/api/format";
import { browsersQuery, useForgetBrowser, type Browser } from "@/api/notifications";
import { describeError } from "@/api/problem";
import { Button } from "@/ui/Button";
import { showInFull } from "@/ui/form";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** The person's other browsers that show notifications. */
export function Browsers({ onRemoved }: { onRemoved: () => void }) {
  const heading = useId();
  const { data, error, isError, refetch } = useQuery(browsersQuery);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const others = data?.filter(({ current }) => !current) ?? [];
  if (others.length === 0) return null;
  return (
    <div className="mt-5">
      <h3 id={heading} className="font-strong">
        Your other browsers that show them
      </h3>
      <ul aria-labelledby={heading} className="mt-1 divide-y divide-line">
        {others.map((browser) => (
          <Row key={browser.id} browser={browser} onRemoved={onRemoved} />
        ))}
      </ul>
    </div>
  );
}

function Row({ browser: { id, device, created_at, pushed_at }, onRemoved }: { browser: Browser; onRemoved: () => void }) {
  const { moment } = useFormats();
  const forget = useForgetBrowser();
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-3">
      <div className="min-w-0 flex-[1_1_220px]">
        <bdi className="font-strong [overflow-wrap:anywhere]">{device}</bdi>
        <p className="text-note text-ink-2">
          Turned on {moment(created_at)}
          {pushed_at !== null && ` · last told ${moment(pushed_at)}`}
        </p>
      </div>
      <Button
        size="sm"
        variant="danger"
        aria-label={`Remove ${device}, turned on ${moment(created_at)}`}
        disabled={forget.isPending}
        onClick={() =>
          forget.mutate(id, {
            onSuccess: () => {
              showToast(`${device} shows no notifications any more. It can be turned on again there.`);
              onRemoved();
            },
          })
        }
      >
        Remove
      </Button>
      {forget.error && (
        <p ref={showInFull} role="alert" className="w-full text-note text-red">
          Not removed. {describeError(forget.error)}
        </p>
      )}
    </li>
  );
}
