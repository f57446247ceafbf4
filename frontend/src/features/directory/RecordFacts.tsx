/** Students, tags, location, notes and metadata of a record. */
import { Link } from "@tanstack/react-router";

import type { Student } from "@/api/types";
import { describeClass } from "@/lib/classes";
import { Tag } from "@/ui/bits";
import { MetadataList } from "@/ui/MetadataList";

interface RecordFactsProps {
  /** The list that tags and location lead to. */
  list: "/families" | "/staff";
  students?: Student[];
  tags: string[];
  location: string | null;
  notes: string | null;
  metadata: Readonly<Record<string, string>>;
}

const UNDERLINED = "underline decoration-line underline-offset-2";

export function RecordFacts({ list, students = [], tags, location, notes, metadata }: RecordFactsProps) {
  return (
    <>
      {students.length > 0 && (
        <section aria-labelledby="students" className="rounded-lg border border-line px-4 py-3">
          <h2 id="students" className="font-strong">
            Students
          </h2>
          <ul className="mt-1.5 space-y-2">
            {students.map((student) => (
              <li key={student.id}>
                <bdi>{student.name}</bdi>
                {student.classes.map((each) => (
                  <Link
                    key={each.id}
                    to="/classes/$classId"
                    params={{ classId: each.id }}
                    className="flex w-fit max-w-full items-center rounded-sm text-note text-ink-2 target hover:text-ink"
                  >
                    <span>
                      <bdi className={UNDERLINED}>{each.name}</bdi>
                      {describeClass(each) && ` · ${describeClass(each)}`}
                    </span>
                  </Link>
                ))}
              </li>
            ))}
          </ul>
        </section>
      )}
      {tags.length > 0 && (
        <section aria-labelledby="tags">
          <h2 id="tags" className="font-strong">
            Tags
          </h2>
          <p className="mt-1.5 flex flex-wrap items-center gap-1.5">
            {tags.map((tag) => (
              <Link key={tag} to={list} search={{ tag }} title={`All with the tag ${tag}`} className="inline-flex items-center rounded-sm target">
                <Tag className="hover:text-ink">{tag}</Tag>
              </Link>
            ))}
          </p>
        </section>
      )}
      {location && (
        <section aria-labelledby="location">
          <h2 id="location" className="font-strong">
            Location
          </h2>
          <Link to={list} search={{ location }} title={`All of ${location}`} className="inline-flex items-center rounded-sm text-ink-2 target hover:text-ink">
            <bdi className={UNDERLINED}>{location}</bdi>
          </Link>
        </section>
      )}
      {notes && (
        <section aria-labelledby="notes">
          <h2 id="notes" className="font-strong">
            Notes
          </h2>
          <p dir="auto" className="mt-1 whitespace-pre-wrap [overflow-wrap:anywhere]">{notes}</p>
        </section>
      )}
      {Object.keys(metadata).length > 0 && (
        <section aria-labelledby="metadata">
          <h2 id="metadata" className="mb-1 font-strong">
            From other systems
          </h2>
          <MetadataList metadata={metadata} />
        </section>
      )}
    </>
  );
}
