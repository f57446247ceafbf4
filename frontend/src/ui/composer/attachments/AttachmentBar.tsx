/** Adding files to a text: a button, and dropping them anywhere on the thread. The files themselves are in the tray. */
import { lazy, Suspense, useEffect, useEffectEvent, useRef, useState } from "react";

import type { Attachments } from "./useAttachments";
import { IconButton } from "@/ui/Button";
import { AttachIcon } from "@/ui/icons";

const Tray = lazy(() => import("./Tray"));

/**
 * HEIC is left out, so that iPhones hand pictures over as JPEG. On phones the picker offers the camera for pictures.
 */
const ACCEPTED = "image/jpeg,image/png,image/gif,image/webp,application/pdf,text/vcard,.vcf,video/mp4,video/quicktime,video/3gpp,audio/mpeg,audio/mp4,audio/ogg,audio/amr";

/** The files, above the text box. Nothing while there are none. */
export function AttachmentTray({ attachments }: { attachments: Pick<Attachments, "files" | "problem" | "remove"> }) {
  if (attachments.files.length === 0) return null;
  return (
    <Suspense fallback={<div className="h-16" />}>
      <Tray attachments={attachments} />
    </Suspense>
  );
}

/** A paperclip, beside the buttons that send. */
export function AttachButton({ attachments }: { attachments: Pick<Attachments, "add"> }) {
  const input = useRef<HTMLInputElement>(null);
  const dropping = useDrop(input, attachments.add);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        aria-label="Files to send"
        onChange={({ currentTarget }) => {
          attachments.add([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
      <IconButton label="Add a picture or file" onClick={() => input.current?.click()} className="-ml-1.5">
        <AttachIcon size={20} />
      </IconButton>
      {dropping && (
        <p role="status" className="pointer-events-none fixed inset-x-0 top-1/3 z-50 mx-auto w-fit rounded-xl border-2 border-dashed border-accent bg-surface px-8 py-6 text-title font-strong shadow-lg">
          Drop to add to your text
        </p>
      )}
    </>
  );
}

/** Whether files are dragged over the thread that `inside` is part of. Dropping them there adds them. */
function useDrop(inside: { current: HTMLElement | null }, add: (files: readonly File[]) => void): boolean {
  const [dropping, setDropping] = useState(false);
  const onDrop = useEffectEvent((files: readonly File[]) => add(files));
  useEffect(() => {
    const thread = inside.current?.closest<HTMLElement>("section, main, [role=dialog]") ?? null;
    if (!thread) return;
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setDropping(true);
    };
    const leave = (event: DragEvent) => {
      if (!(event.relatedTarget instanceof Node) || !thread.contains(event.relatedTarget)) setDropping(false);
    };
    const drop = (event: DragEvent) => {
      setDropping(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      onDrop(files);
    };
    thread.addEventListener("dragover", over);
    thread.addEventListener("dragleave", leave);
    thread.addEventListener("drop", drop);
    return () => {
      thread.removeEventListener("dragover", over);
      thread.removeEventListener("dragleave", leave);
      thread.removeEventListener("drop", drop);
    };
  }, [inside]);
  return dropping;
}
