/** Parts of the last look that most mass texts do not need. */
import { count, counted } from "./words";
import { useBroadcastDeed, type BroadcastDetail, type BroadcastPreview } from "@/api/broadcasts";
import { describeError } from "@/api/problem";
import { may, useMe } from "@/api/session";
import { listNames } from "@/lib/text";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { Mark } from "@/ui/form";
import { ClockIcon, PersonIcon } from "@/ui/icons";
import { useMoments } from "@/ui/MomentPicker";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

interface AnyHourProps {
  preview: BroadcastPreview;
  /** Null: the hours hold. */
  reason: string | null;
  onReason: (reason: string | null) => void;
  problem: string | null;
}

const neverOpen = ({ left_out }: BroadcastPreview): number => left_out.find(({ reason }) => reason === "no_lawful_hour")?.count ?? 0;

/** How many wait for their hours, or have none. */
export const outsideHours = (preview: BroadcastPreview): number => preview.hours.later + neverOpen(preview);

/** MASS-HOURS: who waits until when; with the permission they need not (PERM-HOURS). */
export function AnyHour({ preview, reason, onReason, problem }: AnyHourProps) {
  const { brief } = useMoments();
  const me = useMe();
  const { hours, recipients } = preview;
  const never = neverOpen(preview);
  if (outsideHours(preview) === 0) return null;
  return (
    <Notice tone="neutral" icon={<ClockIcon size={18} />} role="note">
      {hours.later > 0 && (
        <p>
          {hours.later === recipients ? "It is outside the hours for all of them." : `It is outside the hours for ${counted(hours.later, "number")}.`}{" "}
          {hours.opens_at && `They get it from ${brief(hours.opens_at)} on.`}
        </p>
      )}
      {never > 0 && <p>Your hours leave no time for {counted(never, "number")}: {never === 1 ? "it is" : "they are"} left out.</p>}
      {may(me, "mass_text_any_hour") && (
        <div className="mt-1.5 text-body">
          <Mark label="Send it all the same, outside the hours" checked={reason !== null} onChange={(event) => onReason(event.target.checked ? "" : null)} />
          {reason !== null && (
            <TextField label="Why" autoComplete="off" maxLength={500} className="mt-1" placeholder="The gym is closed: a burst pipe" value={reason} error={problem} onChange={(event) => onReason(event.target.value)} />
          )}
        </div>
      )}
    </Notice>
  );
}

/** Two administrators agree to a mass text to many, where the business wants it so. */
export function Approvals({ broadcast, missing }: { broadcast: BroadcastDetail; missing: number }) {
  const me = useMe();
  const approve = useBroadcastDeed(broadcast.id, "approve");
  const given = broadcast.approvals;
  if (missing === 0 && given.length === 0) return null;
  const canAgree = me.is_admin && missing > 0 && given.every(({ id }) => id !== me.staff_member?.id);
  const copy = () =>
    navigator.clipboard.writeText(window.location.href).then(
      () => showToast("The address is copied."),
      () => showToast("The address couldn’t be copied. Copy it from the top of the window."),
    );
  return (
    <Notice tone={missing > 0 ? "warn" : "good"} icon={<PersonIcon size={18} />} role="note">
      {given.length > 0 && <p>{listNames(given.map(({ name }) => name))} agreed.</p>}
      {missing > 0 && (
        <>
          <p>
            {missing === 1 ? "One more administrator has" : `${count(missing)} administrators have`} to agree before it goes: it reaches many. Send them the address of
            this page.
          </p>
          <div className="mt-2 flex flex-wrap gap-2">
            {canAgree && (
              <Button size="sm" disabled={approve.isPending} onClick={() => approve.mutate()}>
                I agree
              </Button>
            )}
            <Button size="sm" onClick={() => void copy()}>
              Copy the address
            </Button>
          </div>
        </>
      )}
      {approve.error && <p role="alert" className="mt-1 text-red">{describeError(approve.error)}</p>}
    </Notice>
  );
}
