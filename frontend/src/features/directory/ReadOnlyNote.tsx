/** Explains why the record is read-only (PERM-DIRECTORY). */
export function ReadOnlyNote({ what = "records" }: { what?: string }) {
  return <p className="max-w-64 text-note text-ink-2">You can read {what}. Changing them needs the Families and Staff permission.</p>;
}
