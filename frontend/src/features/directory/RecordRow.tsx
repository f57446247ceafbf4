import type { ReactNode } from "react";

import { Avatar, Tag } from "@/ui/bits";

const SHOWN_TAGS = 3;

/** The inside of a row in a directory list; the link around it is the caller's. */
export function RecordRow({ name, avatarName = name, detail, also, tags = [], archived, children }: {
  name: string;
  avatarName?: string;
  detail: string;
  /** A second line. */
  also?: string;
  tags?: readonly string[];
  archived: boolean;
  children: ReactNode;
}) {
  return (
    <>
      <Avatar name={avatarName} />
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-1.5 font-strong">
          <bdi className="truncate">{name}</bdi>
          {archived && <Tag>Archived</Tag>}
          {tags.slice(0, SHOWN_TAGS).map((tag) => (
            <Tag key={tag} className="max-w-32 truncate font-normal max-desk:hidden">
              {tag}
            </Tag>
          ))}
          {tags.length > SHOWN_TAGS && <Tag className="font-normal max-desk:hidden">+{tags.length - SHOWN_TAGS}</Tag>}
        </span>
        <span className="block truncate text-note text-ink-2 tabular">{detail}</span>
        {also && <bdi className="block truncate text-note text-ink-3">{also}</bdi>}
      </span>
      <span className="shrink-0">{children}</span>
    </>
  );
}

export const RECORD_LINK = "flex items-center gap-3 rounded-lg px-3 py-3 transition-colors -outline-offset-2 hover:bg-sunken";
