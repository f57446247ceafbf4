import { useId, useState, type ComponentProps } from "react";

import { readPasted } from "./audience";
import { counted } from "./words";
import { Dialog } from "@/ui/Dialog";
import { FormActions, TextArea } from "@/ui/form";

interface PasteDialogProps {
  onAdd: (numbers: string[], externalIds: string[]) => void;
  onClose: () => void;
}

const MOST = 10_000;

/** A list of numbers, or of ids of other software, pasted or from a file. */
export default function PasteDialog({ onAdd, onClose }: PasteDialogProps) {
  const [text, setText] = useState("");
  const file = useId();
  const { numbers, externalIds } = readPasted(text);
  const isTooLong = numbers.length > MOST || externalIds.length > MOST;
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    onAdd(numbers, externalIds);
    onClose();
  };
  const found = [numbers.length > 0 && counted(numbers.length, "number"), externalIds.length > 0 && counted(externalIds.length, "id")].filter(Boolean);
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Paste a list">
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <TextArea
          label="Numbers or ids"
          rows={7}
          hint="One a line, or with commas between. Ids are those of your class software."
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div>
          <label htmlFor={file} className="mb-1 block font-strong">
            Or from a file
          </label>
          <input
            id={file}
            type="file"
            accept=".csv,.txt,text/csv,text/plain"
            className="block w-full text-note max-desk:min-h-[44px]"
            onChange={(event) => void event.target.files?.[0]?.text().then(setText)}
          />
        </div>
        <p role="status" className={isTooLong ? "text-note text-red" : "text-note text-ink-2"}>
          {isTooLong ? "At most 10,000 at once. Import the families instead, with a tag, and choose the tag." : found.length > 0 ? `Found ${found.join(" and ")}.` : ""}
        </p>
        <FormActions label="Add them" pending={false} disabled={found.length === 0 || isTooLong} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
