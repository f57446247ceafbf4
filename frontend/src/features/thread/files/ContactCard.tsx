/** Contact cards that arrived: names and numbers, each to be texted or copied. The file can still be saved. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { describeSize, type MediaFile } from "@/lib/describe-file";
import { readContacts, type Contact } from "./vcard";
import { contactCardQuery } from "@/api/uploads";
import { Button } from "@/ui/Button";
import { TextNumber } from "@/ui/TextNumber";
import { showToast } from "@/ui/Toast";

const LINK = "font-strong text-accent underline underline-offset-2";

export default function ContactCard({ file }: { file: MediaFile }) {
  const card = useQuery(contactCardQuery(file.url));
  const contacts = useMemo(() => readContacts(card.data ?? ""), [card.data]);
  return (
    <div className="min-w-56 rounded-lg border border-line bg-surface px-3 py-2 text-note">
      {contacts.map((contact, index) => (
        <ContactLines key={index} contact={contact} />
      ))}
      {card.isSuccess && contacts.length === 0 && <p>This contact card can't be read here.</p>}
      {card.isError && <p>The contact card can't be loaded.</p>}
      <p className="mt-1 text-ink-2">
        <a href={file.url} download className={LINK}>
          Save contact card
        </a>
        {file.size !== null && ` · ${describeSize(file.size)}`}
      </p>
    </div>
  );
}

function ContactLines({ contact: { name, organization, numbers, emails } }: { contact: Contact }) {
  return (
    <div className="mb-2">
      <p dir="auto" className="font-strong text-ink [overflow-wrap:anywhere]">
        {name || organization || "No name"}
      </p>
      {name && organization && (
        <p dir="auto" className="text-ink-2 [overflow-wrap:anywhere]">
          {organization}
        </p>
      )}
      <ul>
        {numbers.map((number) => (
          <NumberLine key={number.number + number.label} {...number} name={name} />
        ))}
        {emails.map((email) => (
          <li key={email} dir="auto" className="text-ink-2 [overflow-wrap:anywhere]">
            {email}
          </li>
        ))}
      </ul>
    </div>
  );
}

function NumberLine({ label, number, name }: { label: string; number: string; name: string }) {
  const whose = name ? `${name}, ${number}` : number;

  return (
    <li className="mt-1">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="text-ink-2">{label}</span>
        <bdi className="tabular">{number}</bdi>
        <TextNumber number={number} whose={whose} />
        <Button size="sm" variant="quiet" aria-label={`Copy ${whose}`} onClick={() => void copy(number)}>
          Copy
        </Button>
      </div>
    </li>
  );
}

async function copy(number: string): Promise<void> {
  await navigator.clipboard.writeText(number);
  showToast("Number copied");
}
