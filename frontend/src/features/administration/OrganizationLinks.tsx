/** The business's own links, shown beside each conversation (CONTEXT). */
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";

import LinkTest from "./LinkTest";
import { organizationLinksQuery, useReplaceLinks, type Links, type LinkTemplate } from "@/api/organization-links";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { ChangedMeanwhileError } from "@/api/versions";
import { useLoaded } from "@/lib/loaded";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { Skeleton, Spinner } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { FormProblem } from "@/ui/form";
import { CloseIcon, PlusIcon } from "@/ui/icons";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const MOST = 10;

export default function OrganizationLinks() {
  const { data, error, isError, refetch } = useQuery(organizationLinksQuery);
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-40" />;
  return <Loaded data={data} />;
}

function Loaded({ data }: { data: Links }) {
  const { shown, key, load } = useLoaded(data);
  return <Editor key={key} stored={shown} onLoad={load} />;
}

type Draft = LinkTemplate & { key: string };
const drafted = (link: LinkTemplate): Draft => ({ ...link, key: crypto.randomUUID() });

function Editor({ stored, onLoad }: { stored: Links; onLoad: (current: Links) => void }) {
  const replace = useReplaceLinks();
  const [links, setLinks] = useState<Draft[]>(() => stored.links.map(drafted));
  const edit = (key: string, fields: Partial<LinkTemplate>) => setLinks(links.map((each) => (each.key === key ? { ...each, ...fields } : each)));
  const [shown, setShown] = useState(stored);
  const save = (over: Links) => {
    const items = links.map(({ label, url_template }) => ({ label: label.trim(), url_template: url_template.trim() }));
    replace.mutate(
      { shown: over, links: items },
      {
        onSuccess: (saved) => {
          setShown(saved);
          showToast("Links saved.");
        },
      },
    );
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    save(shown);
  };
  const fieldErrors = isProblem(replace.error, PROBLEM.validation) ? (replace.error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) => fieldErrors.find((each) => each.pointer === pointer)?.detail ?? null;
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <p className="text-ink-2">
        Links into your other systems, shown beside a conversation. {"{external_id}"}, {"{family_id}"}, {"{staff_member_id}"},{" "}
        {"{name}"} and {"{phone_number}"} become those of the record.
      </p>
      {links.length === 0 && <p className="text-note text-ink-2">There are no links yet.</p>}
      {links.map((link, index) => (
        <fieldset key={link.key} className="relative flex flex-wrap items-end gap-2 max-desk:pr-12">
          <legend className="sr-only">Link {index + 1}</legend>
          <TextField
            label="Name" autoComplete="off" maxLength={40} className="min-w-[120px] flex-1 max-desk:basis-full" value={link.label}
            onChange={(event) => edit(link.key, { label: event.target.value })} error={errorOf(`/links/${index}/label`)}
          />
          <TextField
            label="Address" type="url" autoComplete="off" maxLength={500} placeholder="https://studio.example/families/{external_id}"
            className="min-w-0 flex-[3] max-desk:basis-full desk:min-w-[200px]" value={link.url_template}
            onChange={(event) => edit(link.key, { url_template: event.target.value })} error={errorOf(`/links/${index}/url_template`)}
          />
          <IconButton className="max-desk:absolute max-desk:right-0 max-desk:top-6" label={`Remove ${link.label.trim() || `link ${index + 1}`}`} onClick={() => setLinks(links.filter(({ key }) => key !== link.key))}>
            <CloseIcon size={16} />
          </IconButton>
        </fieldset>
      ))}
      <Button size="sm" disabled={links.length >= MOST} onClick={() => setLinks([...links, drafted({ label: "", url_template: "" })])}>
        <PlusIcon size={14} />
        Add a link
      </Button>
      {links.some(({ url_template }) => url_template.trim() !== "") && <LinkTest templates={links} />}
      <ChangedMeanwhile error={replace.error} pending={replace.isPending} onLoad={onLoad} onKeep={save} />
      <FormProblem>{replace.error && !(replace.error instanceof ChangedMeanwhileError) && (fieldErrors.length > 0 ? "Not saved. Look at the fields above." : describeError(replace.error))}</FormProblem>
      <Button type="submit" variant="primary" disabled={replace.isPending}>
        {replace.isPending && <Spinner />}
        Save links
      </Button>
    </form>
  );
}
