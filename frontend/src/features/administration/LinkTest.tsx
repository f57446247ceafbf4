/** What a link becomes for a record: the same filling in as the service's. */
import { useState } from "react";

import { TextField } from "@/ui/fields";

const PLACEHOLDER = /\{(external_id|family_id|staff_member_id|name|phone_number)\}/g;

/** The address with each placeholder replaced by the value, percent-encoded. */
export function filledLink(template: string, value: string): string {
  return template.replace(PLACEHOLDER, () => encodeURIComponent(value));
}

export default function LinkTest({ templates }: { templates: readonly { label: string; url_template: string }[] }) {
  const [value, setValue] = useState("4711");
  const shown = templates.filter(({ url_template }) => /^https:\/\/./.test(url_template));
  return (
    <section aria-label="Try the links" className="rounded-xl border border-line bg-sunken p-4">
      <TextField
        label="Try them with" autoComplete="off" maxLength={100} className="max-w-60" value={value} onChange={(event) => setValue(event.target.value)}
        hint="It stands for every {…}."
      />
      <ul className="mt-3 space-y-2 text-note">
        {shown.map(({ label, url_template }, index) => (
          <li key={`${index} ${url_template}`}>
            <a
              href={filledLink(url_template, value)} target="_blank" rel="noopener noreferrer"
              className="text-accent underline-offset-2 [overflow-wrap:anywhere] hover:underline max-desk:inline-flex max-desk:min-h-[44px] max-desk:items-center"
            >
              {label.trim() || "Link"}: {filledLink(url_template, value)}
              <span className="sr-only"> (opens a new tab)</span>
            </a>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="text-note text-ink-2">An address begins with https://.</p>}
    </section>
  );
}
