/** Files of a message in words. */
import type { Message } from "@/api/types";

export type MediaFile = Message["media"][number];

const KINDS: Record<string, string> = {
  "application/pdf": "PDF",
  "text/vcard": "Contact card",
};

/** "Picture", "Video", "PDF" … */
export function describeKind({ content_type: type }: MediaFile): string {
  if (type.startsWith("image/")) return "Picture";
  if (type.startsWith("video/")) return "Video";
  if (type.startsWith("audio/")) return "Sound";
  return KINDS[type] ?? "File";
}

/** "340 KB", "2.1 MB" */
export function describeSize(bytes: number): string {
  const kilobytes = Math.max(1, Math.round(bytes / 1000));
  return kilobytes < 1000 ? `${kilobytes} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The pictures that the service serves to be shown in place; see its `Content-Disposition`. */
const SHOWN = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

export function isShown(file: MediaFile): boolean {
  return file.state === "kept" && SHOWN.has(file.content_type);
}

/** "files.example.com", or nothing for an address that cannot be read. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}
