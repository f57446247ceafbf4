import { Link } from "@tanstack/react-router";

import { may, useMe } from "@/api/session";
import type { Message } from "@/api/types";

/** Which mass text a message belongs to. */
export function PartOf({ broadcast: { id, name } }: { broadcast: NonNullable<Message["broadcast"]> }) {
  const isOpen = may(useMe(), "mass_text");
  const said = (
    <>
      Part of “<bdi>{name}</bdi>”
    </>
  );
  return (
    <p className="mx-1.5 mt-1 max-w-[min(82%,560px)] text-right text-meta text-ink-3 [overflow-wrap:anywhere]">
      {isOpen ? (
        <Link to="/mass-texts/$broadcastId" params={{ broadcastId: id }} className="rounded-sm underline-offset-2 hover:text-ink hover:underline max-desk:-my-3 max-desk:inline-flex max-desk:min-h-[44px] max-desk:items-center">
          {said}
        </Link>
      ) : (
        said
      )}
    </p>
  );
}
