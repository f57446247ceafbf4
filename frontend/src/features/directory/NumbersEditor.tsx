import { isMoved, keptNumbers, newNumber, type NumberDraft } from "./record-draft";
import { Button, IconButton } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { CloseIcon, PlusIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

interface NumbersEditorProps {
  numbers: NumberDraft[];
  onChange: (numbers: NumberDraft[]) => void;
  /** The API's error for the number at this index of those sent. */
  errorOf: (index: number) => string | null;
}

export function NumbersEditor({ numbers, onChange, errorOf }: NumbersEditorProps) {
  const kept = keptNumbers(numbers);
  const change = (key: string, fields: Partial<NumberDraft>) =>
    onChange(numbers.map((each) => (each.key === key ? { ...each, ...fields } : each)));
  return (
    <div className="space-y-3">
      {numbers.map((draft) => (
        <div key={draft.key}>
          <div className="flex items-end gap-2">
            <TextField
              label="Phone number"
              type="tel"
              autoComplete="off"
              className="min-w-0 flex-[3]"
              value={draft.text}
              onChange={(event) => change(draft.key, { text: event.target.value })}
            />
            <TextField
              label="Label"
              autoComplete="off"
              placeholder="mobile"
              className="min-w-0 flex-[2]"
              value={draft.label}
              onChange={(event) => change(draft.key, { label: event.target.value })}
            />
            <IconButton
              label={`Remove ${draft.text.trim() || "this number"}`}
              className="mb-0.5"
              onClick={() => onChange(numbers.filter(({ key }) => key !== draft.key))}
            >
              <CloseIcon size={16} />
            </IconButton>
          </div>
          <NumberProblem detail={kept.includes(draft) ? errorOf(kept.indexOf(draft)) : null} />
          {draft.before && draft.text.trim() !== "" && isMoved(draft) && (
            <Notice tone="warn" role="status" className="mt-1.5">
              The opt-in of {draft.before.text} is not carried over: the new number starts as not asked, and can’t be texted until it is opted in.
            </Notice>
          )}
        </div>
      ))}
      <Button size="sm" onClick={() => onChange([...numbers, newNumber()])}>
        <PlusIcon size={14} />
        Add a number
      </Button>
    </div>
  );
}

function NumberProblem({ detail }: { detail: string | null }) {
  return detail && <p role="alert" className="mt-1 text-note text-red">{detail}</p>;
}
