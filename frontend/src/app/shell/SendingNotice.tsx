/** Notice on every screen, for people who can send, while texts are not leaving. */
import { useQuery } from "@tanstack/react-query";

import { sendingStatusQuery } from "@/api/indicator";
import { OfflineIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

export function SendingNotice() {
  const { data } = useQuery(sendingStatusQuery);
  if (!data || data.texts_are_leaving) return null;
  return (
    <Notice tone="warn" className="mx-2.5 my-2 shrink-0" icon={<OfflineIcon size={18} />}>
      <span className="font-strong">Texts are not leaving right now.</span>{" "}
      {data.held
        ? "The service was set back to an earlier state. They wait until it is clear what was sent and received since then."
        : "They wait, and will be sent when the service is back."}{" "}
      Call if it is urgent.
    </Notice>
  );
}
