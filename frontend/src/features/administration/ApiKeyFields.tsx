import type { Permission, StaffPermission } from "@/api/types";
import { TextField } from "@/ui/fields";
import { Mark } from "@/ui/form";
import { PermissionMarks } from "@/ui/permissions";

interface ApiKeyFieldsProps {
  name: string;
  onName: (name: string) => void;
  nameError: string | null;
  permissions: readonly Permission[];
  onPermissions: (permissions: Permission[]) => void;
  endsWithCreator: boolean;
  /** Null: another key made it, so there is no person for it to end with. */
  onEndsWithCreator: ((ends: boolean) => void) | null;
}

/** What a new key and a changed one have in common. */
export function ApiKeyFields({
  name, onName, nameError, permissions, onPermissions, endsWithCreator, onEndsWithCreator,
}: ApiKeyFieldsProps) {
  const administers = permissions.includes("administration");
  const others = permissions.filter((each): each is StaffPermission => each !== "administration");
  return (
    <>
      <TextField
        label="Name"
        autoComplete="off"
        value={name}
        onChange={(event) => onName(event.target.value)}
        hint="What uses it, so that you know it again."
        error={nameError}
      />
      <div>
        <PermissionMarks value={others} onChange={onPermissions} administrator={administers} />
        <Mark
          label="Administration"
          hint="Everything that an administrator may: staff, lines, the audit log, settings. Give it only to a system that needs it."
          checked={administers}
          onChange={(event) => onPermissions(event.target.checked ? [...others, "administration"] : others)}
        />
      </div>
      {onEndsWithCreator && (
        <Mark
          label="Ends with who made it"
          hint="It is not valid while the person who made it is archived."
          checked={endsWithCreator}
          onChange={(event) => onEndsWithCreator(event.target.checked)}
        />
      )}
    </>
  );
}
