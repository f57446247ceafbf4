/** First texts that have not gone, above the list: the conversation that they will start is not in it yet (NOT-SENT). */
import { describeFirstText, saysFirstText } from "./describe-first-text";
import { useFormats } from "@/api/format";
import { useOutbox } from "@/api/outbox-context";
import type { FirstTextAct, PendingItem } from "@/api/outbox-items";
import { ownerKey, useMe } from "@/api/session";
import { cx } from "@/lib/cx";
import { returnToDraft } from "@/lib/drafts";
import { Button } from "@/ui/Button";
import { draftFiles } from "@/ui/composer/attachments/draft-files";
import { showToast } from "@/ui/Toast";

interface PendingFirstTextsProps {
  items: readonly PendingItem<FirstTextAct>[];
  /** Opens the window for a text to the number. */
  onEdit: (number: string) => void;
}

export default function PendingFirstTexts({ items, onEdit }: PendingFirstTextsProps) {
  const owner = ownerKey(useMe());
  const outbox = useOutbox();
  const { phone, timeWithSeconds } = useFormats();

  const takeBack = async ({ key, conversationId, act }: PendingItem<FirstTextAct>) => {
    const taken = await outbox.remove(key);
    if (!taken) {
      showToast("It can’t be taken back now: it may have gone.");
      return;
    }
    returnToDraft(owner, conversationId, act.body);
    void draftFiles(owner, conversationId).bringBack(act.attachments ?? []);
    onEdit(act.phoneNumber);
  };
  return (
    <ul aria-label="Texts that have not gone" className="space-y-1 border-b border-line px-2.5 py-2">
      {items.map((item) => (
        <li key={item.key} className={cx("flex items-start gap-2 rounded-lg px-3 py-2 text-note", item.state.name === "refused" ? "bg-red-soft" : "bg-amber-soft")}>
          <p className="min-w-0 flex-1 [overflow-wrap:anywhere]">
            <span className="block truncate">
              <span className="font-strong">To {phone(item.act.phoneNumber)}:</span> {saysFirstText(item.act)}
            </span>
            <span className="text-ink-2">{describeFirstText(item.state, timeWithSeconds)}</span>
          </p>
          <Button size="sm" onClick={() => void takeBack(item)}>
            Edit
          </Button>
        </li>
      ))}
    </ul>
  );
}
