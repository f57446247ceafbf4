/** Says that a text has been scheduled, and takes it back into the composer on Undo (LATER). */
import { useEffect, useEffectEvent } from "react";

import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { useWithdraw } from "@/api/scheduled";
import { onScheduled } from "@/api/scheduled-events";
import { ownerKey, useMe } from "@/api/session";
import type { ScheduledText } from "@/api/types";
import { returnToDraft } from "@/lib/drafts";
import { showToast } from "@/ui/Toast";

export default function ScheduledNotice() {
  const owner = ownerKey(useMe());
  const { moment } = useFormats();
  const withdraw = useWithdraw();
  const tell = useEffectEvent((text: ScheduledText) => {
    const undo = () =>
      void withdraw.mutateAsync(text).then(
        () => takeBack(owner, text),
        (error: unknown) => showToast(`Not withdrawn. ${describeError(error)}`),
      );
    showToast(`Scheduled: ${moment(text.send_at)}`, { label: "Undo", run: undo });
  });
  useEffect(() => onScheduled((text) => tell(text)), []);
  return null;
}

/** Into the composer. Its files are the person's again. */
function takeBack(owner: string, { conversation_id, body, files }: ScheduledText): void {
  returnToDraft(owner, conversation_id, body);
  if (files.length === 0) return;
  void import("@/ui/composer/attachments/draft-files").then(({ draftFiles }) =>
    draftFiles(owner, conversation_id).bringBack(files.flatMap(({ id }) => (id === null ? [] : [id]))),
  );
}
