import { useState, type ComponentProps } from "react";

import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { PermissionMarks } from "@/ui/permissions";
import { useEndSessionsOf } from "@/api/account";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useChangeStaffMember, useCreateStaffMember } from "@/api/records";
import { useMe } from "@/api/session";
import type { StaffMember, StaffPermission } from "@/api/types";
import { useSubmission } from "@/lib/submission";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { changedFacts, draftFacts } from "@/ui/facts/facts-draft";
import { FactsFields } from "@/ui/facts/FactsFields";
import { TextField } from "@/ui/fields";
import { FormActions, FormProblem, Mark, showInFull } from "@/ui/form";
import { CheckIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** Adds a staff member, or changes how one signs in and what they may do. */
export function StaffEditor({ member, onClose }: { member: StaffMember | null; onClose: () => void }) {
  const { shown, key, load } = useLoaded(member);
  return <Editor key={key} member={shown} onLoad={load} onClose={onClose} />;
}

interface EditorProps {
  member: StaffMember | null;
  onLoad: (current: StaffMember) => void;
  onClose: () => void;
}

function Editor({ member, onLoad, onClose }: EditorProps) {
  const me = useMe();
  const create = useCreateStaffMember();
  const change = useChangeStaffMember(member?.id ?? "");
  const endSessions = useEndSessionsOf(member?.id ?? "");
  const isMe = member !== null && member.id === me.staff_member?.id;
  const submission = useSubmission();
  const [name, setName] = useState(member?.name ?? "");
  const [email, setEmail] = useState(member?.email ?? "");
  const [password, setPassword] = useState("");
  const [permissions, setPermissions] = useState<StaffPermission[]>(member?.permissions ?? []);
  const [administrator, setAdministrator] = useState(member?.is_admin ?? false);
  const [facts, setFacts] = useState(() => draftFacts(member));
  const [archiving, setArchiving] = useState(false);
  const { error, isPending } = member ? change : create;

  const done = (what: string) => ({
    onSuccess: () => {
      onClose();
      showToast(what);
    },
  });
  const save = (over: StaffMember | null) => {
    const common = { name: name.trim(), ...(password && { password }), ...changedFacts(member, facts) };
    if (over) {
      const body = {
        ...common,
        ...(email.trim() !== (over.email ?? "") && { email: email.trim() }),
        is_admin: administrator,
        // An administrator's permissions come with the role.
        ...(!administrator && { permissions }),
      };
      change.mutate({ shown: over, body }, done(`${common.name} saved.`));
    } else {
      const body = { ...common, email: email.trim(), is_admin: administrator, permissions };
      create.mutate({ body, key: submission.keyFor(body) }, done(`${common.name} added.`));
    }
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(member);
  };

  const fieldErrors = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  const errorOf = (field: string) => fieldErrors.find(({ pointer }) => pointer === `/${field}`)?.detail ?? null;
  const shownAtField = fieldErrors.length > 0 && fieldErrors.every(({ pointer }) => ["/name", "/email", "/password"].includes(pointer));
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={member ? `Edit ${member.name}` : "Add staff member"}>
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField label="Name" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} error={errorOf("name")} />
        <TextField label="Email" type="email" autoComplete="off" value={email} onChange={(event) => setEmail(event.target.value)} error={errorOf("email")} />
        {isMe ? (
          <p className="text-note text-ink-2">You change your own password under Account, in the menu at your initials.</p>
        ) : (
          <TextField
            label={member ? "New password" : "Password"}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            hint={member ? "Leave empty to keep the one they have. A new one signs them out everywhere." : "At least 10 characters. Without one they cannot sign in."}
            error={errorOf("password")}
          />
        )}
        <PermissionMarks value={permissions} onChange={setPermissions} administrator={administrator} />
        <Mark
          label="Administrator"
          hint="Has all permissions, and alone manages staff, lines and API keys."
          checked={administrator}
          onChange={(event) => setAdministrator(event.target.checked)}
        />
        <FactsFields facts={facts} onChange={setFacts} errorOf={(pointer) => errorOf(pointer.slice(1))} />
        {member && (
          <p className="text-note text-ink-2">
            A change of permissions counts from their next click.
          </p>
        )}
        <ChangedMeanwhile error={error} pending={isPending} onLoad={onLoad} onKeep={save} />
        <FormProblem>{error && !(error instanceof ChangedMeanwhileError) && !shownAtField && (fieldErrors[0]?.detail ?? describeError(error))}</FormProblem>
        <FormProblem>{endSessions.error && `Not signed out. ${describeError(endSessions.error)}`}</FormProblem>
        {member && endSessions.data && (
          <div ref={showInFull}>
            <Notice tone="good" icon={<CheckIcon size={18} />}>
              {endSessions.data.ended > 0 ? `${member.name} is signed out everywhere.` : `${member.name} was not signed in.`}
            </Notice>
          </div>
        )}
        {member && archiving && (
          <div ref={showInFull}>
            <Notice tone="warn" role="alert">
              <p>{member.name} will be signed out and can no longer sign in. A number of theirs that is opted out stays blocked.</p>
              <div className="mt-2 flex gap-2">
                <Button size="sm" variant="danger" disabled={isPending} onClick={() => change.mutate({ shown: member, body: { archived: true } }, done(`${member.name} archived.`))}>
                  Archive {member.name}
                </Button>
                <Button size="sm" onClick={() => setArchiving(false)}>
                  Keep
                </Button>
              </div>
            </Notice>
          </div>
        )}
        <FormActions label="Save" pending={isPending} onCancel={onClose}>
          {member && !archiving && !isMe && (
            <span className="flex flex-wrap gap-2">
              <Button variant="danger" onClick={() => setArchiving(true)}>
                Archive
              </Button>
              <Button
                disabled={endSessions.isPending}
                onClick={() => endSessions.mutate()}
              >
                Sign out everywhere
              </Button>
            </span>
          )}
        </FormActions>
      </form>
    </Dialog>
  );
}
