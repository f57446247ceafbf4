/** A note in the thread: paper, not speech. It looks so in dark and in print too, and says that nobody outside reads it. */
import { lazy, Suspense } from "react";

import { useFormats } from "@/api/format";
import type { Note } from "@/api/types";
import { cx } from "@/lib/cx";
import { nameIntegration } from "@/lib/text";
import { NoteIcon } from "@/ui/icons";

const NoteActions = lazy(() => import("./NoteActions"));

const PAPER = "mx-auto my-2.5 w-full max-w-[600px] rounded-sm border border-l-4 border-amber px-3 py-2 print:border-dashed print:bg-transparent";

export function NoteCard({ note, highlighted }: { note: Note; highlighted: boolean }) {
  const { time, full } = useFormats();
  const author = note.author.kind === "api_key" ? nameIntegration(note.author.name) : note.author.name;
  const isGone = note.removed !== null || note.erased_at !== null;
  return (
    <article
      data-entry={note.id}
      aria-label={`${author} noted at ${time(note.created_at)}`}
      className={cx(
        PAPER,
        isGone ? "border-dashed bg-transparent" : "bg-amber-soft",
        highlighted && "ring-accent ring-offset-bg motion-safe:animate-found motion-reduce:ring-2 motion-reduce:ring-offset-2",
      )}
    >
      <header className="flex flex-wrap items-center gap-x-1.5 text-meta text-ink-2">
        <span className="text-amber">
          <NoteIcon size={16} />
        </span>
        <b className="font-strong text-amber">Note</b>
        <span>
          {author} ·{" "}
          <time dateTime={note.created_at} title={full(note.created_at)} className="tabular">
            {time(note.created_at)}
          </time>
        </span>
        {!isGone && (
          <Suspense fallback={null}>
            <NoteActions note={note} />
          </Suspense>
        )}
      </header>
      {note.erased_at !== null ? (
        <p className="text-ink-2 italic">This note was erased.</p>
      ) : note.removed ? (
        <p className="text-ink-2 italic">
          {note.removed.by.name} removed this note, <span className="tabular">{time(note.removed.at)}</span>.
        </p>
      ) : (
        <NoteText note={note} />
      )}
    </article>
  );
}

function NoteText({ note: { body, mentions } }: { note: Note }) {
  const names = mentions.map(({ name }) => name).sort((a, b) => b.length - a.length);
  return (
    <p dir="auto" className="mt-0.5 text-body [overflow-wrap:anywhere] whitespace-pre-wrap text-ink">
      {splitMentions(body, names).map((part, index) =>
        index % 2 === 1 ? (
          <b key={index} className="font-strong text-accent">
            {part}
          </b>
        ) : (
          part
        ),
      )}
    </p>
  );
}

/** The text, with the mentions of these names at the odd places. */
function splitMentions(body: string, names: readonly string[]): string[] {
  if (names.length === 0) return [body];
  const pattern = names.map((name) => `@${name}`.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return body.split(new RegExp(`(${pattern})`, "g"));
}
