/** Explains why the record is read-only (PERM-DIRECTORY). */
export function ReadOnlyNote() {
  return <p className="max-w-64 text-note text-ink-2">You can read records. Changing them needs the Families and Staff permission.</p>;
}
