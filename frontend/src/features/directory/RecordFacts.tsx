/** Students, tags, location and notes of a record. */
import type { Student } from "@/api/types";
import { describeClass } from "@/lib/classes";
import { Tag } from "@/ui/bits";

interface RecordFactsProps {
  students?: Student[];
  tags: string[];
  location: string | null;
  notes: string | null;
}

export function RecordFacts({ students = [], tags, location, notes }: RecordFactsProps) {
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
                  <span key={each.id} className="block text-note text-ink-2">
                    {[each.name, describeClass(each)].filter(Boolean).join(" · ")}
                  </span>
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
              <Tag key={tag}>{tag}</Tag>
            ))}
          </p>
        </section>
      )}
      {location && (
        <section aria-labelledby="location">
          <h2 id="location" className="font-strong">
            Location
          </h2>
          <bdi>{location}</bdi>
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
    </>
  );
}
