import { Link } from "@tanstack/react-router";

import type { DirectoryFilter } from "@/api/keys";
import { may, useMe } from "@/api/session";
import { MassTextIcon } from "@/ui/icons";

interface TextTheseProps {
  of: "families" | "staff";
  filter: Omit<DirectoryFilter, "q"> & { q?: string };
  label?: string;
}

/** A mass text to those whom the list shows. Without the permission it is not there. */
export function TextThese({ of, filter: { q, tag, classId, location, archived }, label = "Text these" }: TextTheseProps) {
  const me = useMe();
  if (!may(me, "sms_logs") || !may(me, "mass_text")) return null;
  return (
    <Link
      to="/mass-texts/$broadcastId"
      params={{ broadcastId: "new" }}
      search={{ of, q: q || undefined, tag, class: classId, location, archived: archived || undefined }}
      className="inline-flex min-h-8 items-center justify-center gap-2 rounded-md border border-line bg-surface px-3 py-1.5 font-strong whitespace-nowrap text-ink transition-colors target hover:bg-sunken"
    >
      <MassTextIcon size={16} />
      {label}
    </Link>
  );
}
