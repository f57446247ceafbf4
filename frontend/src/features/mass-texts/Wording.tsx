/** What it says: the text with its fields, what stands above and below it, and the line it goes out on. */
import { useQuery } from "@tanstack/react-query";
import { useId, useRef } from "react";

import { Fallbacks, PEOPLES_FIELDS } from "./Fallbacks";
import type { MassTextDraft } from "./useMassTextDraft";
import { massTextSettingsQuery } from "@/api/broadcasts";
import { lineLabelsQuery } from "@/api/line-labels";
import { countSegments } from "@/lib/segments";
import { findUnfilled } from "@/lib/reply-fields";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { AttachButton, AttachmentTray } from "@/ui/composer/attachments/AttachmentBar";
import { TextField } from "@/ui/fields";
import { SelectField, TextArea } from "@/ui/form";

const LONGEST_BODY = 1600;
const LONGEST_ADDED = 50;

const FIELDS = [
  ["first_name", "First name"],
  ["family", "Family"],
  ["student_first_names", "Children’s names"],
  ["class", "Class"],
  ["business", "Business"],
  ["my_name", "Your name"],
] as const;

export function Wording({ draft: { fields, files, change, errorOf } }: { draft: MassTextDraft }) {
  const settings = useQuery(massTextSettingsQuery).data;
  const box = useRef<HTMLTextAreaElement>(null);
  const header = fields.header ?? settings?.header ?? "";
  const footer = fields.footer ?? settings?.footer ?? "";
  const insert = (field: string) => {
    const { selectionStart: start = fields.body.length, selectionEnd: end = fields.body.length } = box.current ?? {};
    change({ body: `${fields.body.slice(0, start)}{${field}}${fields.body.slice(end)}` });
    box.current?.focus();
  };
  const used = new Set(findUnfilled(fields.body).map(({ field }) => field.slice(1, -1)));
  const error = errorOf("/body");
  const filesError = errorOf("/attachments") ?? errorOf("/media");
  return (
    <section aria-labelledby="mass-text-wording" className="space-y-4">
      <h2 id="mass-text-wording" className="text-title font-heading">What it says</h2>
      <div>
        <TextArea
          ref={box}
          label="Text"
          rows={6}
          maxLength={LONGEST_BODY}
          dir="auto"
          aria-invalid={error ? true : undefined}
          value={fields.body}
          onChange={(event) => change({ body: event.target.value })}
          onPaste={files.onPaste}
        />
        {error && <p role="alert" className="mt-1 text-note text-red">{error}</p>}
        <div className="mt-2 empty:hidden">
          <AttachmentTray attachments={files} />
        </div>
        {filesError && <p role="alert" className="mb-1 text-note text-red">{filesError}</p>}
        <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1.5">
          <AttachButton attachments={files} />
          <div role="group" aria-label="Insert a field" className="flex flex-wrap items-center">
            <span aria-hidden="true" className="pr-1 text-note text-ink-3">Insert</span>
            {FIELDS.map(([field, label]) => (
              <Button key={field} size="sm" variant="quiet" title={`Insert {${field}}`} onClick={() => insert(field)}>
                {label}
              </Button>
            ))}
          </div>
          <Length hasFiles={files.files.length > 0} text={fields.body.trim() === "" ? "" : [header, fields.body.trim(), footer].filter(Boolean).join("\n")} hasFields={used.size > 0} />
        </div>
      </div>
      <Fallbacks used={PEOPLES_FIELDS.filter(([field]) => used.has(field))} fallbacks={fields.fallbacks} onChange={(fallbacks) => change({ fallbacks })} />
      <div className="grid gap-4 desk:grid-cols-2">
        <TextField
          label="First line" dir="auto" autoComplete="off" maxLength={LONGEST_ADDED} placeholder="None" value={header} error={errorOf("/header")}
          hint="Who it comes from"
          onChange={(event) => change({ header: event.target.value })}
        />
        <TextField
          label="Last line" dir="auto" autoComplete="off" maxLength={LONGEST_ADDED} placeholder="None" value={footer} error={errorOf("/footer")}
          hint="How to stop"
          onChange={(event) => change({ footer: event.target.value })}
        />
      </div>
      <LineChoice value={fields.line_id} onChange={(line_id) => change({ line_id })} />
    </section>
  );
}

function Length({ text, hasFields, hasFiles }: { text: string; hasFields: boolean; hasFiles: boolean }) {
  const { units, capacity, segments, encoding, culprits } = countSegments(text);
  const id = useId();
  if (hasFiles) return <p className="ml-auto text-meta text-ink-3">One picture message each</p>;
  if (segments === 0) return null;
  return (
    <p id={id} className="ml-auto text-meta text-ink-3 tabular">
      {hasFields && "about "}
      {units} / {capacity} · {plural(segments, "text")} each
      {encoding === "UCS-2" && ` · ${culprits.map((each) => `“${each}”`).join(" ")} makes it longer`}
    </p>
  );
}

/** Not there with one line alone. */
function LineChoice({ value, onChange }: { value: string | null; onChange: (id: string | null) => void }) {
  const { data: labels } = useQuery(lineLabelsQuery);
  const lines = Object.entries(labels ?? {});
  if (lines.length < 2 && value === null) return null;
  return (
    <SelectField label="Line" className="max-w-[420px]" value={value ?? ""} onChange={(event) => onChange(event.target.value || null)}>
      <option value="">The line that each number knows</option>
      {lines.map(([id, label]) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </SelectField>
  );
}
