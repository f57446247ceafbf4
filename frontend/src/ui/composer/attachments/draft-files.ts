/**
 * The files of an unsent text, kept with its draft: those that are uploaded stand in local storage and survive a reload,
 * until the server deletes them after a day.
 */
import { deleteUpload, getUpload, uploadFile, type Upload } from "@/api/uploads";
import { describeError } from "@/api/problem";
import { readStored, writeStored } from "@/lib/storage";

export interface DraftFile {
  key: string;
  name: string;
  /** From 0 to 1, while it is uploaded. */
  progress: number;
  /** Once it is uploaded. */
  upload: Upload | null;
  /** Why it cannot be sent, in words. */
  problem: string | null;
}

/** A camera's picture; the server makes it smaller. Larger ones it refuses. */
const LARGEST_BYTES = 16 * 1024 * 1024;

export class DraftFiles {
  private files: readonly DraftFile[];
  private readonly listeners = new Set<() => void>();
  private readonly underWay = new Map<string, AbortController>();

  constructor(private storageKey: string) {
    this.files = parse(readStored(storageKey), Date.now());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  all = (): readonly DraftFile[] => this.files;

  /** `stored`: how many files the text has that are not in here. */
  add(given: readonly File[], most: number, stored = 0): void {
    for (const file of given) {
      const key = crypto.randomUUID();
      const problem =
        this.files.length + stored >= most
          ? `A text on this line takes ${most} files.`
          : file.size > LARGEST_BYTES
            ? "This file is larger than 16 MB."
            : file.size === 0
              ? "This file is empty."
              : null;
      this.write([...this.files, { key, name: file.name || "Picture", progress: 0, upload: null, problem }]);
      if (problem === null) void this.upload(key, file);
    }
  }

  remove(key: string): void {
    this.underWay.get(key)?.abort();
    const file = this.files.find((each) => each.key === key);
    this.write(this.files.filter((each) => each.key !== key));
    // The server deletes what is left after a day.
    if (file?.upload) deleteUpload(file.upload.id).catch(() => undefined);
  }

  /** Takes the uploaded files out, to be sent. */
  take(): string[] {
    const ids = this.files.flatMap(({ upload }) => (upload ? [upload.id] : []));
    this.write([]);
    return ids;
  }

  /** Forgets uploads that the text keeps from now on. */
  forget(ids: readonly string[]): void {
    if (!this.files.some(({ upload }) => upload && ids.includes(upload.id))) return;
    this.write(this.files.filter(({ upload }) => !upload || !ids.includes(upload.id)));
  }

  /** From now on they are kept under another key. */
  moveTo(storageKey: string): void {
    writeStored(this.storageKey, null);
    this.storageKey = storageKey;
    this.write(this.files);
  }

  /** Brings back files of a text that was refused. */
  async bringBack(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      try {
        const upload = await getUpload(id);
        this.write([...this.files, { key: id, name: upload.name, progress: 1, upload, problem: null }]);
      } catch (error) {
        this.write([...this.files, { key: id, name: "File", progress: 0, upload: null, problem: `${describeError(error)} Add it again.` }]);
      }
    }
  }

  private async upload(key: string, file: File): Promise<void> {
    const controller = new AbortController();
    this.underWay.set(key, controller);
    try {
      const upload = await uploadFile(file, key, (progress) => this.change(key, { progress }), controller.signal);
      this.change(key, { upload, progress: 1 });
    } catch (error) {
      if (!controller.signal.aborted) this.change(key, { problem: describeError(error) });
    } finally {
      this.underWay.delete(key);
    }
  }

  private change(key: string, change: Partial<DraftFile>): void {
    this.write(this.files.map((file) => (file.key === key ? { ...file, ...change } : file)));
  }

  private write(files: readonly DraftFile[]): void {
    this.files = files;
    const kept = files.flatMap(({ upload }) => (upload ? [upload] : []));
    writeStored(this.storageKey, kept.length === 0 ? null : JSON.stringify(kept));
    for (const listener of this.listeners) listener();
  }
}

const stores = new Map<string, DraftFiles>();

/** `owner` scopes them to one person of one organization. */
export function draftFiles(owner: string, draftId: string): DraftFiles {
  const key = keyOf(owner, draftId);
  const known = stores.get(key) ?? new DraftFiles(key);
  stores.set(key, known);
  return known;
}

/** The files of a text that has an id of its own now. Uploads go on. */
export function moveDraftFiles(owner: string, from: string, to: string): void {
  const moved = draftFiles(owner, from);
  stores.delete(keyOf(owner, from));
  stores.set(keyOf(owner, to), moved);
  moved.moveTo(keyOf(owner, to));
}

const keyOf = (owner: string, draftId: string): string => `messenger:${owner}:attachments:${draftId}`;

/** Forgets what this tab holds in memory, as a reload does. */
export function reloadDraftFiles(): void {
  stores.clear();
}

function parse(stored: string | null, now: number): DraftFile[] {
  if (stored === null) return [];
  try {
    const uploads: unknown = JSON.parse(stored);
    if (!Array.isArray(uploads)) return [];
    return (uploads as Upload[])
      .filter((upload) => typeof upload.id === "string" && Date.parse(upload.expires_at) > now)
      .map((upload) => ({ key: upload.id, name: upload.name, progress: 1, upload, problem: null }));
  } catch {
    return [];
  }
}
