import type { DirectoryFilter } from "./keys";

/** The query of a page of families or staff members. */
export function pageOf({ q, tag, classId, location, archived }: DirectoryFilter, cursor: string | null) {
  return {
    limit: 50,
    ...(q && { q }),
    ...(tag && { tag }),
    ...(classId && { class_id: classId }),
    ...(location && { location }),
    ...(archived && { archived }),
    ...(cursor && { cursor }),
  };
}
