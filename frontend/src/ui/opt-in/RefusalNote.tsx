/** A refusal without a record, and an administrator's button to lift it (OPTIN-REMOVED). */
import { LiftRefusal } from "./LiftRefusal";
import { useFormats } from "@/api/format";
import { useMe } from "@/api/session";
import type { OptInInstance } from "@/api/types";
import { describeRemoval } from "@/lib/optin";

export default function RefusalNote({ refusalId, instance, phoneNumber }: { refusalId: string; instance: OptInInstance; phoneNumber: string }) {
  const { date } = useFormats();
  const { is_admin } = useMe();
  return (
    <>
      <p className="mt-0.5 text-note text-ink-2">Off the record: {describeRemoval(instance, date)}. The refusal stays with the number.</p>
      {is_admin && <LiftRefusal refusalId={refusalId} phoneNumber={phoneNumber} ownerName={instance.owner_name} />}
    </>
  );
}
