/** Says, before it is saved, that a number that opted out stays blocked without its record (OPTIN-REMOVED). */
import { leftRefused, type NumberDraft } from "./record-draft";
import { useFormats } from "@/api/format";
import type { PhoneRecord } from "@/api/types";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

interface RefusalsThatStayProps {
  ownerName: string;
  stored: PhoneRecord[];
  numbers: NumberDraft[];
}

export function RefusalsThatStay({ ownerName, stored, numbers }: RefusalsThatStayProps) {
  const { phone } = useFormats();
  return leftRefused(stored, numbers).map(({ id, phone_number }) => (
    <Notice key={id} tone="warn" role="status" icon={<WarningIcon size={18} />}>
      {ownerName} opted out. {phone(phone_number)} stays blocked for everyone, also after you remove it here. It can be texted again only if the person
      agrees anew, or if an administrator lifts the refusal.
    </Notice>
  ));
}
