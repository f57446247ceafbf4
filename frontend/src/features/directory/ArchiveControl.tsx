import { useState } from "react";

import { Button } from "@/ui/Button";
import { Notice } from "@/ui/states";

interface ArchiveControlProps {
  name: string;
  archived: boolean;
  pending: boolean;
  onChange: (archived: boolean) => void;
}

/** Archives after a confirmation that says what stays (OPTIN-ARCHIVED). */
export function ArchiveControl({ name, archived, pending, onChange }: ArchiveControlProps) {
  const [asking, setAsking] = useState(false);
  if (archived) {
    return (
      <Button className="self-start" disabled={pending} onClick={() => onChange(false)}>
        Restore {name}
      </Button>
    );
  }
  if (!asking) {
    return (
      <Button variant="danger" className="self-start" onClick={() => setAsking(true)}>
        Archive
      </Button>
    );
  }
  return (
    <Notice tone="warn" role="alert">
      <p>A number that is opted out stays blocked for everybody. Opted in, it no longer counts: with no other record it can’t be texted.</p>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" variant="danger" disabled={pending} onClick={() => onChange(true)}>
          Archive {name}
        </Button>
        <Button size="sm" onClick={() => setAsking(false)}>
          Keep
        </Button>
      </div>
    </Notice>
  );
}
