/** The files of a mass text: those that it has, and uploads that are not stored with it yet. */
import { useMemo, useSyncExternalStore } from "react";

import type { BroadcastDetail } from "@/api/broadcasts";
import { draftFiles, type DraftFile } from "@/ui/composer/attachments/draft-files";
import { describeFilesProblem, takePasted, type Attachments } from "@/ui/composer/attachments/useAttachments";

/** What any line takes at most. What its own line carries, the server says. */
const MOST_FILES = 10;

export type MassTextFiles = Omit<Attachments, "take"> & {
  /** Ids of uploads that are not stored with it yet. */
  uploaded: string[];
};

export const filesKey = (id: string | undefined): string => `mass-text:${id ?? "new"}`;

interface Options {
  owner: string;
  stored: BroadcastDetail | undefined;
  /** Ids of stored files that go with the next save. */
  removed: readonly string[];
  onRemove: (id: string) => void;
}

export function useMassTextFiles({ owner, stored, removed, onRemove }: Options): MassTextFiles {
  const key = filesKey(stored?.id);
  const store = useMemo(() => draftFiles(owner, key), [owner, key]);
  const added = useSyncExternalStore(store.subscribe, store.all);
  const had = stored?.attachments ?? [];
  const kept = had.filter(({ id }) => !removed.includes(id)).map(asDraftFile);
  const isNew = ({ upload }: DraftFile) => !upload || had.every(({ id }) => id !== upload.id);
  const files = [...kept, ...added.filter(isNew)];
  const problem = describeFilesProblem(files, MOST_FILES, Infinity);
  const add = (given: readonly File[]) => store.add(given, MOST_FILES, kept.length);
  return {
    files,
    problem,
    isSendable: files.length > 0 && problem === null && files.every(({ upload }) => upload !== null),
    uploaded: added.filter(isNew).flatMap(({ upload }) => (upload ? [upload.id] : [])),
    add,
    remove: (fileKey) => {
      if (kept.every((file) => file.key !== fileKey)) store.remove(fileKey);
      else {
        store.forget([fileKey]);
        onRemove(fileKey);
      }
    },
    onPaste: (event) => takePasted(event, add),
  };
}

function asDraftFile({ id, url, name, content_type, size }: BroadcastDetail["attachments"][number]): DraftFile {
  return { key: id, name, progress: 1, problem: null, upload: { id, url, name, content_type, size, width: null, height: null, expires_at: "" } };
}
