/** The permissions in plain words. */
import type { Permission, StaffPermission } from "@/api/types";
import { Tag } from "@/ui/bits";
import { Mark } from "@/ui/form";

const WORDS: Record<StaffPermission, { label: string; hint: string }> = {
  sms_logs: { label: "SMS Logs", hint: "Sees the Messenger: reads, opens and closes conversations, and sees SMS on family and staff records." },
  mass_text: { label: "Mass Text", hint: "Sends texts and records consent. Needs SMS Logs too." },
  mass_text_any_hour: {
    label: "Mass Text Availability Override",
    hint: "Sends mass texts outside the available hours, with a reason. Needs Mass Text too.",
  },
  directory: { label: "Families and Staff", hint: "Adds, changes, archives and imports records. Without it a person reads them; an API key needs it to read them too." },
};
const PERMISSIONS = (Object.keys(WORDS) as StaffPermission[]).map((value) => ({ value, ...WORDS[value] }));

interface PermissionMarksProps {
  value: readonly StaffPermission[];
  onChange: (value: StaffPermission[]) => void;
  /** An administrator has all anyway. */
  administrator?: boolean;
}

export function PermissionMarks({ value, onChange, administrator = false }: PermissionMarksProps) {
  return (
    <fieldset>
      <legend className="mb-1 font-strong">Permissions</legend>
      {PERMISSIONS.map(({ value: permission, label, hint }) => (
        <Mark
          key={permission}
          label={label}
          hint={hint}
          disabled={administrator}
          checked={administrator || value.includes(permission)}
          onChange={(event) =>
            onChange(event.target.checked ? [...value, permission] : value.filter((each) => each !== permission))
          }
        />
      ))}
      {!administrator && value.includes("mass_text") && !value.includes("sms_logs") && (
        <p className="text-note text-amber">Mass Text alone opens nothing in the Messenger: it needs SMS Logs too.</p>
      )}
    </fieldset>
  );
}

export function PermissionTags({ permissions, administrator = false }: { permissions: readonly Permission[]; administrator?: boolean }) {
  if (administrator) return <Tag tone="good">Administrator</Tag>;
  if (permissions.includes("administration")) return <Tag tone="warn">Administration</Tag>;
  if (permissions.length === 0) return <Tag>No permissions</Tag>;
  return PERMISSIONS.filter(({ value }) => permissions.includes(value)).map(({ value, label }) => <Tag key={value}>{label}</Tag>);
}
