import { Link } from "@tanstack/react-router";

import { OptInSummary } from "./opt-in-summary";
import { RECORD_LINK, RecordRow } from "./RecordRow";
import { useFormats } from "@/api/format";
import type { Family } from "@/api/types";

/** `classId`: only the students of this class are named. */
export function FamilyRow({ family, classId }: { family: Family; classId?: string | undefined }) {
  const { phone } = useFormats();
  const records = family.contacts.flatMap((contact) => contact.phone_records);
  const people = family.contacts.map((contact) => {
    const numbers = contact.phone_records.map((record) => phone(record.phone_number));
    return [contact.name, ...numbers].join(" ");
  });
  const students = family.students.filter(({ classes }) => classId === undefined || classes.some(({ id }) => id === classId));
  return (
    <Link to="/families/$familyId" params={{ familyId: family.id }} className={RECORD_LINK}>
      <RecordRow
        name={family.name}
        avatarName={family.contacts[0]?.name ?? family.name}
        detail={people.join(" · ")}
        also={students.map(({ name }) => name).join(", ")}
        tags={family.tags}
        archived={family.archived}
      >
        <OptInSummary records={records} />
      </RecordRow>
    </Link>
  );
}
