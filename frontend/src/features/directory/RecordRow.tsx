import type { ReactNode } from "react";

import { Avatar, Tag } from "@/ui/bits";

/** The inside of a row in a directory list; the link around it is the caller's. */
export function RecordRow({ name, avatarName = name, detail, archived, children }: {
  name: string;
  avatarName?: string;
  detail: string;
  archived: boolean;
  children: ReactNode;
}) {
  return (
    <>
      <Avatar name={avatarName} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-strong">
          <bdi>{name}</bdi> {archived && <Tag>Archived</Tag>}
        </span>
        <span className="block truncate text-note text-ink-2 tabular">{detail}</span>
      </span>
      <span className="shrink-0">{children}</span>
    </>
  );
}

export const RECORD_LINK = "flex items-center gap-3 rounded-lg px-3 py-3 transition-colors -outline-offset-2 hover:bg-sunken";
