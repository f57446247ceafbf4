import type { ReactNode } from "react";

import { PROVIDERS } from "./line-providers";
import { useFormats } from "@/api/format";
import { useCheckLine, type Line, type LineHealth } from "@/api/lines";
import { describeError } from "@/api/problem";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { CheckIcon, InfoIcon, WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

type Finding = LineHealth["inbound"];

/** Runs the line's check at the provider and shows its last result. */
export function LineCheck({ line }: { line: Line }) {
  const check = useCheckLine(line.id);
  const { dateTime } = useFormats();
  const { name } = PROVIDERS[line.provider];
  const { health } = line;
  return (
    <div>
      <div className="flex flex-wrap items-center gap-3">
        <Button variant="primary" disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending && <Spinner />}
          Check
        </Button>
        <p className="min-w-0 flex-1 text-note text-ink-2">
          {health ? `Last check: ${dateTime(health.at)}` : `Asks ${name} whether the addresses are set. It changes nothing there and texts nobody.`}
        </p>
      </div>
      <div aria-live="polite" className="mt-3 empty:hidden">
        {check.isError && (
          <Notice tone="bad" role="alert" icon={<WarningIcon size={16} />}>
            {describeError(check.error)}
          </Notice>
        )}
        {!check.isError && health && <Result health={health} name={name} />}
      </div>
    </div>
  );
}

function Result({ health, name }: { health: LineHealth; name: string }) {
  if (health.state === "unreachable") {
    return (
      <Notice tone="warn" role="note" icon={<WarningIcon size={16} />}>
        {health.detail} This says nothing about the line.
      </Notice>
    );
  }
  const credentials: Record<LineHealth["credentials_state"], Finding> = {
    accepted: { state: "set", detail: `${name} accepts them.`, address: null },
    refused: { state: "missing", detail: `${name} refuses them. Edit the line and enter them again.`, address: null },
    cannot_tell: { state: "cannot_tell", detail: `${name} did not say.`, address: null },
  };
  return (
    <ul aria-label="What the check found" className="space-y-2.5">
      <Row term="Credentials" finding={credentials[health.credentials_state]} />
      <Row term="Texts" finding={health.inbound} />
      <Row term="Delivery reports" finding={health.status} />
    </ul>
  );
}

const MARKS: Record<Finding["state"], { icon: ReactNode; word: string; ink: string }> = {
  set: { icon: <CheckIcon size={16} />, word: "Right", ink: "text-accent" },
  elsewhere: { icon: <WarningIcon size={16} />, word: "Wrong", ink: "text-red" },
  missing: { icon: <WarningIcon size={16} />, word: "Missing", ink: "text-red" },
  cannot_tell: { icon: <InfoIcon size={16} />, word: "Not known", ink: "text-ink-3" },
};

function Row({ term, finding: { state, detail, address } }: { term: string; finding: Finding }) {
  const { icon, word, ink } = MARKS[state];
  return (
    <li className="flex gap-2.5">
      <span className={`mt-0.5 ${ink}`}>{icon}</span>
      <div className="min-w-0">
        <p className="font-strong">{term}</p>
        <p className="text-note">
          <span className="sr-only">{word}. </span>
          {detail}
          {address && (
            <>
              {" "}
              It is <code className="[overflow-wrap:anywhere] text-ink-2">{address}</code>.
            </>
          )}
        </p>
      </div>
    </li>
  );
}
