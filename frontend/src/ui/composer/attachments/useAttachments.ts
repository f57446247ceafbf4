/** The files of the composer's unsent text, and whether they can be sent on the conversation's line. */
import { useMemo, useSyncExternalStore, type ClipboardEvent } from "react";

import { draftFiles, type DraftFile } from "./draft-files";
import type { ConversationDetail } from "@/api/types";

export interface Attachments {
  files: readonly DraftFile[];
  /** Why the text cannot be sent with them: a word about all of them, or that one is not there yet. */
  problem: string | null;
  isSendable: boolean;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  /** Takes their ids out, to be sent. */
  take: () => string[];
  /** Of the text box: pictures in the clipboard become files, words are pasted as ever. */
  onPaste: (event: ClipboardEvent) => void;
}

type Limits = Pick<ConversationDetail, "id" | "max_attachments" | "max_attachment_bytes">;

export function useAttachments(owner: string, { id, max_attachments: most, max_attachment_bytes: mostBytes }: Limits): Attachments {
  const store = useMemo(() => draftFiles(owner, id), [owner, id]);
  const files = useSyncExternalStore(store.subscribe, store.all);
  const problem = describeFilesProblem(files, most, mostBytes);

  return {
    files,
    problem,
    isSendable: files.length > 0 && problem === null && files.every(({ upload }) => upload !== null),
    add: (given) => store.add(given, most),
    remove: (key) => store.remove(key),
    take: () => store.take(),
    onPaste: (event) => takePasted(event, (given) => store.add(given, most)),
  };
}

/** Programs put a picture of copied cells or words beside them: the words are meant. */
export function takePasted(event: ClipboardEvent, add: (files: readonly File[]) => void): void {
  const pasted = [...event.clipboardData.files];
  if (pasted.length === 0 || event.clipboardData.getData("text/plain") !== "") return;
  event.preventDefault();
  add(pasted);
}

export function describeFilesProblem(files: readonly DraftFile[], most: number, mostBytes: number): string | null {
  if (files.length > most) return `A text on this line takes ${most} files. Remove ${files.length - most}.`;
  const bytes = files.reduce((sum, { upload }) => sum + (upload?.size ?? 0), 0);
  if (bytes > mostBytes) {
    return `Together the files are ${kilobytes(bytes)}, and a text on this line carries ${kilobytes(mostBytes)}. Send them in several texts.`;
  }
  if (files.some((file) => file.problem !== null)) return "Remove the file that can't be sent.";
  return null;
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000).toLocaleString("en")} kB`;
}
