import { useMe } from "@/api/session";
import { useWriters } from "@/api/typing";
import { firstName, listNames } from "@/lib/text";

/** TYPING: which colleagues are writing here. It lies over the end of the thread and moves nothing. */
export function TypingLine({ conversationId }: { conversationId: string }) {
  const writers = useWriters(conversationId, useMe().staff_member?.id);
  return (
    <p role="status" className="pointer-events-none absolute bottom-0 left-3 max-w-[70%] text-meta text-ink-2 desk:left-5">
      {writers.length > 0 && (
        <span className="inline-block rounded-t-md bg-sunken px-2 py-0.5">
          {listNames(writers.map(({ name }) => firstName(name)))} {writers.length === 1 ? "is" : "are"} writing…
        </span>
      )}
    </p>
  );
}
